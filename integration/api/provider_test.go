package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// An issuer is an OpenID Connect provider that signs in the user that the test has set.
type issuer struct {
	t      *testing.T
	server *httptest.Server
	key    *ecdsa.PrivateKey

	mu    sync.Mutex
	user  string // the user who signs in next
	sid   string
	codes map[string]claims // the ID token's claims for each code
	asked func()            // called once; the code is then refused
}

type claims map[string]any

const (
	clientID     = "shop"
	clientSecret = "s3cret"
	keyID        = "k1"
)

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, codes: map[string]claims{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{
			"issuer": i.server.URL, "authorization_endpoint": i.server.URL + "/authorize", "token_endpoint": i.server.URL + "/token",
			"jwks_uri": i.server.URL + "/jwks", "id_token_signing_alg_values_supported": []string{"ES256"},
			"backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
		})
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: keyID, Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.exchange)
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

// next sets who signs in from now on, and in which of the provider's sessions.
func (i *issuer) next(user, sid string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.user, i.sid = user, sid
}

// whenAsked makes the issuer refuse the next code, and call f before it does.
func (i *issuer) whenAsked(f func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = f
}

func (i *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	code := rand.Text()
	i.codes[code] = claims{"sub": i.user, "sid": i.sid, "nonce": r.FormValue("nonce"), "challenge": r.FormValue("code_challenge")}
	to, err := url.Parse(r.FormValue("redirect_uri"))
	if err != nil {
		http.Error(w, "redirect_uri", http.StatusBadRequest)
		return
	}
	to.RawQuery = url.Values{"code": {code}, "state": {r.FormValue("state")}}.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

func (i *issuer) exchange(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	i.mu.Lock()
	worth, ok := i.codes[r.FormValue("code")]
	delete(i.codes, r.FormValue("code"))
	asked := i.asked
	i.asked = nil
	i.mu.Unlock()
	if asked != nil {
		asked()
		ok = false
	}
	if !ok || id != clientID || secret != clientSecret || r.FormValue("code_verifier") == "" {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	delete(worth, "challenge")
	answer(w, http.StatusOK, map[string]any{
		"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": i.sign(i.idToken(worth)),
	})
}

// idToken returns the claims of an ID token. The claims in others override the defaults.
func (i *issuer) idToken(others claims) claims {
	c := claims{"iss": i.server.URL, "aud": clientID, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range others {
		c[name] = value
	}
	return c
}

// logoutToken returns the claims of a logout token. The claims in others override the defaults; nil
// removes one.
func (i *issuer) logoutToken(others claims) claims {
	c := i.idToken(claims{"jti": rand.Text(), "events": map[string]any{logoutEvent: map[string]any{}}})
	for name, value := range others {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

func (i *issuer) sign(c claims) string { return signBy(i.t, i.key, c) }

func signBy(t *testing.T, key *ecdsa.PrivateKey, c claims) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: keyID}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var payload map[string]any
	if err := json.Unmarshal(text, &payload); err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Signed(signer).Claims(payload).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
