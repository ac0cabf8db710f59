package web

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// Where Verify looks for a token.
const (
	TokenHeader = "X-CSRF-Token" // first
	TokenField  = "csrf_token"   // then, a field of the posted form
)

const saltBytes = 16

// Token returns an anti-forgery token for a form or a script: proof that a request was made from a page of this session. It is bound to
// the session's ID, so it ends with Authenticate and Renew. No two are alike, so that compression tells nothing of them.
//
// A session that is new is saved for it, even if it is empty, so that a login form is protected too; after the answer has begun that
// is ErrCommitted. Otherwise the error is that of [Middleware.Session].
func (m *Middleware[T]) Token(ctx context.Context) (string, error) {
	v, err := m.visit(ctx)
	if err != nil {
		return "", err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s, err := v.load(ctx)
	if err != nil {
		return "", err
	}
	if v.committed && s.IsNew() {
		return "", ErrCommitted
	}
	v.wanted = true
	salt := make([]byte, saltBytes, saltBytes+sha256.Size)
	rand.Read(salt) // never fails
	return base64.RawURLEncoding.EncodeToString(append(salt, proof(s.ID().Secret(), salt)...)), nil
}

// Verify returns nil if r carries a token of its session, in the header [TokenHeader] or in the posted form's field [TokenField], and
// [ErrToken] if not. It reads the form from the body if the header is missing. The error is that of [Middleware.Session] if the session
// can't be had.
func (m *Middleware[T]) Verify(r *http.Request) error {
	s, err := m.Session(r.Context())
	if err != nil {
		return err
	}
	token := r.Header.Get(TokenHeader)
	if token == "" {
		token = r.PostFormValue(TokenField)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != saltBytes+sha256.Size || s.IsNew() || !hmac.Equal(b[saltBytes:], proof(s.ID().Secret(), b[:saltBytes])) {
		return ErrToken
	}
	return nil
}

// proof is what only who has the ID can make.
func proof(id string, salt []byte) []byte {
	mac := hmac.New(sha256.New, []byte(id))
	mac.Write([]byte("dynasession anti-forgery token\x00"))
	mac.Write(salt)
	return mac.Sum(nil)
}
