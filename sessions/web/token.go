package web

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/dynasession/dynasession/sessions"
)

// The places where [Middleware.Verify] looks for a token.
const (
	TokenHeader = "X-CSRF-Token" // checked first
	TokenField  = "csrf_token"   // then this field of the posted form
)

// A token is a salt and two HMACs of it: under the session's ID and under the form secret. If there
// is no ID or no form secret, random bytes take the HMAC's place.
const (
	saltBytes  = 16
	proofBytes = sha256.Size
	tokenBytes = saltBytes + 2*proofBytes
)

// maxAnonymousForm is the largest body that Verify reads for a visitor without a session.
const maxAnonymousForm = 1 << 20

// Token returns an anti-forgery token for a form or a script, which proves that a request was made
// from a page served to this browser. It is bound to the session's ID, so it changes at a login,
// and when a signed-in user's session is renewed. It is different at each call, so that response
// compression doesn't reveal it.
//
// For a visitor without a session it creates none and stores nothing: it binds the token to a
// random secret in a second cookie, which has the session cookie's name plus "-form-" and two
// characters, and the same attributes, and which the browser drops when it is closed. That cookie
// can't be set once the response has started; the error is then ErrCommitted. Otherwise the error
// is that of [Middleware.Session]. Clients that send their ID in a header need no token.
func (m *Middleware[T]) Token(ctx context.Context) (string, error) {
	v, err := m.visit(ctx)
	if err != nil {
		return "", err
	}
	_, id, subject, err := v.identity(ctx, true)
	if err != nil {
		return "", err
	}
	secret := v.formSecret()
	if secret == "" && subject == "" && m.config.hasCookie {
		if secret, err = v.newFormSecret(); err != nil {
			return "", err
		}
	}
	token := make([]byte, tokenBytes)
	rand.Read(token) // never fails
	if id != "" {
		copy(token[saltBytes:], proof(id, token[:saltBytes]))
	}
	if secret != "" {
		copy(token[saltBytes+proofBytes:], proof(secret, token[:saltBytes]))
	}
	return base64.RawURLEncoding.EncodeToString(token), nil
}

// identity returns the session, its ID and its subject, the ID "" if the session is new. The ID is
// the one that the client has sent, or the one that it has after this request. Other goroutines of
// the handler may be changing the session.
func (v *visit[T]) identity(ctx context.Context, after bool) (s *sessions.Session[T], id, subject string, err error) {
	err = v.turn.run(ctx, func() error {
		if s, err = v.load(ctx); err == nil && after {
			err = v.settleID(ctx, s)
		}
		if err != nil {
			return err
		}
		if subject = s.Subject(); !s.IsNew() {
			id = s.ID().Secret()
		}
		return nil
	})
	return s, id, subject, err
}

// Verify returns nil if r carries a token of its session, in the header [TokenHeader] or in the
// posted form's field [TokenField], and [ErrToken] if not. If the header is missing it reads the
// form from the body, except on GET and for a visitor without a token. For a visitor without a
// session it reads at most 1 MB. For a larger body, or one that exceeds its [http.MaxBytesReader],
// the error is an [*http.MaxBytesError]. If the body isn't a form, the error is ErrToken too. If
// the session can't be loaded, the error is that of [Middleware.Session]. A request that carries
// its ID in Config.Header needs no token: browsers don't send one by themselves.
//
// While the visitor is not signed in, tokens of earlier forms stay valid when the session is
// created, renewed or expires. The token of a form that was opened before a login, or before a
// signed-in user's session was renewed, is valid only for another login: if Verify is called before
// Session, the handler then sees a visitor without a session, whose changes are refused with
// [ErrCookieKept] and whom Authenticate signs in. Otherwise it is an ErrToken.
func (m *Middleware[T]) Verify(r *http.Request) error {
	v, err := m.visit(r.Context())
	if err != nil {
		return err
	}
	s, id, subject, err := v.identity(r.Context(), false)
	if err != nil {
		return err
	}
	v.mu.Lock()
	sent := v.sent
	v.mu.Unlock()
	if sent.byHeader && id != "" {
		return nil
	}
	var ids []string // while nobody is signed in, a dead ID is as good a secret as the form's
	if id != "" {
		ids = []string{id}
	} else {
		for _, id := range sent.ids {
			if m.manager.Recognizes(id) {
				ids = append(ids, id)
			}
		}
	}
	secrets := v.formSecrets()
	if len(ids)+len(secrets) == 0 {
		return ErrToken // no token can be valid
	}
	token, err := v.sentToken(r, id == "")
	if err != nil {
		return err
	}
	salt, ofSession, ofForm := token[:saltBytes], token[saltBytes:saltBytes+proofBytes], token[saltBytes+proofBytes:]
	switch {
	case proves(ofSession, salt, ids):
		return nil
	case !proves(ofForm, salt, secrets):
		return ErrToken
	case subject == "":
		return nil
	}
	return v.detach(s, id)
}

// detach puts the session aside, if the handler doesn't have it yet.
func (v *visit[T]) detach(s *sessions.Session[T], id string) error {
	fresh := v.middleware.create()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.handedOut || v.session != s || v.sealed {
		return ErrToken
	}
	v.session, v.told = fresh, clientState{id: v.known}
	v.standing = standing{
		kept:   fmt.Errorf("%w: the form was opened before the login, or before the session got its present ID", ErrCookieKept),
		beside: []string{id}, detached: true,
	}
	return nil
}

// sentToken returns the token that r carries, decoded. Of an anonymous visitor's body it reads
// maxAnonymousForm at most.
func (v *visit[T]) sentToken(r *http.Request, anonymous bool) ([]byte, error) {
	text := r.Header.Get(TokenHeader)
	if text == "" {
		if isSafe(r.Method) {
			return nil, ErrToken
		}
		if anonymous && r.Body != nil && r.PostForm == nil {
			r.Body = http.MaxBytesReader(v.w, r.Body, maxAnonymousForm)
		}
		err := parseForm(r)
		if r.MultipartForm != nil {
			v.mu.Lock()
			v.temporary = append(v.temporary, r.MultipartForm)
			v.mu.Unlock()
		}
		if err != nil {
			return nil, err
		}
		text = r.PostForm.Get(TokenField)
	}
	token, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(token) != tokenBytes {
		return nil, ErrToken
	}
	return token, nil
}

// formMemory is how much of a multipart form is kept in memory, as net/http does by default.
const formMemory = 32 << 20

// parseForm reads the form of a request's body. Its error has nothing that the client has sent.
func parseForm(r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Header.Get("Content-Type") == "", err == nil && kind != "multipart/form-data":
		err = r.ParseForm()
	case err == nil:
		err = r.ParseMultipartForm(formMemory)
	}
	var tooLong *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooLong):
		return tooLong
	}
	return errForm
}

// proof returns an HMAC of salt under the secret.
func proof(secret string, salt []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("dynasession anti-forgery token\x00"))
	mac.Write(salt)
	return mac.Sum(nil)
}

func proves(sent, salt []byte, secrets []string) bool {
	ok := false
	for _, secret := range secrets {
		ok = hmac.Equal(sent, proof(secret, salt)) || ok
	}
	return ok
}

// formSecret is the secret that the tokens of visitors without a login are bound to. It has a
// separate cookie with a random name, so that concurrent responses don't replace the secret of
// another page's form. If the browser withholds its cookies, as it does from each link of another
// site with SameSite=Strict, it gets one of few names, so that the cookies stay few.
type formSecret struct {
	suffix, value string
	fresh         bool // the client needs it
}

const (
	formSuffix       = "-form-" // followed by two characters
	formSecretLength = 22       // 128 bits in base64url
	mostFormSecrets  = 64
	withheldNames    = 32 // about 2 KB of cookies
)

// formSecret returns the newest secret that the client has or gets, "" if there is none.
func (v *visit[T]) formSecret() string {
	if all := v.formSecrets(); len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

// formSecrets returns the secrets that the client has or gets. If there are more than
// mostFormSecrets, it returns the last, since browsers send the newest last.
func (v *visit[T]) formSecrets() []string {
	c := &v.middleware.config
	var all []string
	if c.hasCookie {
		for _, cookie := range v.request.Cookies() {
			suffix, ok := strings.CutPrefix(cookie.Name, c.Cookie.Name+formSuffix)
			if ok && len(suffix) == 2 && isFormSecret(cookie.Value) {
				all = append(all, cookie.Value)
			}
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.form.fresh {
		all = append(all, v.form.value)
	}
	return all[max(0, len(all)-mostFormSecrets):]
}

func isFormSecret(text string) bool {
	if len(text) != formSecretLength {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil
}

// newFormSecret makes a secret and sends it to the client.
func (v *visit[T]) newFormSecret() (string, error) {
	random := make([]byte, 16+2)
	rand.Read(random) // never fails
	if isWithheld(v.request, v.middleware.config.Cookie.SameSite) {
		random[16], random[17] = random[16]%withheldNames, 0
	}
	f := formSecret{
		suffix: formSuffix + base64.RawURLEncoding.EncodeToString(random[16:])[:2],
		value:  base64.RawURLEncoding.EncodeToString(random[:16]), fresh: true,
	}
	v.mu.Lock()
	if v.sealed {
		v.mu.Unlock()
		return "", ErrCommitted
	}
	if !v.form.fresh {
		v.form = f
	}
	f = v.form
	v.mu.Unlock()
	v.writeCookie()
	return f.value, nil
}

// formLine returns the Set-Cookie of a form secret.
func (c Cookie) formLine(f formSecret) string {
	cookie := c.cookie(f.value)
	cookie.Name = c.Name + f.suffix
	return cookie.String()
}
