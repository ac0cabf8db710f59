package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/dynasession/dynasession/sessions"
)

// A provider identifies the users' provider, and this application as its client.
type provider struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	URL          string // of this application
}

// A client makes requests to the provider and verifies its tokens.
type client struct {
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
}

func newClient(ctx context.Context, p provider) (*client, error) {
	known, err := oidc.NewProvider(ctx, p.Issuer)
	if err != nil {
		return nil, err
	}
	return &client{
		oauth: oauth2.Config{
			ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: known.Endpoint(), RedirectURL: p.URL + "/callback",
			Scopes: []string{oidc.ScopeOpenID},
		},
		verifier: known.Verifier(&oidc.Config{ClientID: p.ClientID}),
	}, nil
}

// signIn is a login that waits for the provider. It is kept in the visitor's session, so that
// nobody else can complete it.
type signIn struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
}

// login redirects the browser to the provider.
func (a *api) login(w http.ResponseWriter, r *http.Request) {
	s, err := a.sess.Session(r.Context())
	if err != nil {
		fail(w, r, err)
		return
	}
	s.Data.Login = &signIn{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	to := a.oidc.oauth.AuthCodeURL(s.Data.Login.State, oidc.Nonce(s.Data.Login.Nonce), oauth2.S256ChallengeOption(s.Data.Login.Verifier))
	http.Redirect(w, r, to, http.StatusSeeOther)
}

var errLogin = errors.New("this login was not started here")

// callback completes the login: the provider redirects the browser to it.
func (a *api) callback(w http.ResponseWriter, r *http.Request) {
	s, err := a.sess.Session(r.Context())
	if err != nil {
		fail(w, r, err)
		return
	}
	under := s.Data.Login
	s.Data.Login = nil // it can be used once
	if under == nil || subtle.ConstantTimeCompare([]byte(r.FormValue("state")), []byte(under.State)) != 1 {
		answer(w, http.StatusBadRequest, map[string]string{"error": errLogin.Error()})
		return
	}
	tokens, err := a.oidc.oauth.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(under.Verifier))
	if err != nil {
		answer(w, http.StatusBadGateway, map[string]string{"error": "the provider did not confirm the login"})
		return
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := a.oidc.verifier.Verify(r.Context(), raw)
	if err != nil || id.Nonce != under.Nonce {
		answer(w, http.StatusBadGateway, map[string]string{"error": "the provider did not confirm the login"})
		return
	}
	if err := a.signIn(r.Context(), s, id); err != nil {
		fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/me", http.StatusSeeOther)
}

// token signs in a client other than a browser by an ID token of the provider. It returns the
// session's ID in the Authorization header.
func (a *api) token(w http.ResponseWriter, r *http.Request) {
	var posted struct {
		IDToken string `json:"idToken"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&posted); err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "the body must be JSON with an idToken"})
		return
	}
	id, err := a.oidc.verifier.Verify(r.Context(), posted.IDToken)
	if err != nil {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "the idToken is not valid"})
		return
	}
	s, err := a.sess.Session(r.Context())
	if err == nil {
		err = a.sess.UseHeader(r)
	}
	if err == nil {
		err = a.signIn(r.Context(), s, id)
	}
	if err != nil {
		fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// signIn signs the user in, and records which of the provider's sessions the session comes from.
func (a *api) signIn(ctx context.Context, s *sessions.Session[visitor], id *oidc.IDToken) error {
	var claims struct {
		SID string `json:"sid"`
	}
	if err := id.Claims(&claims); err != nil {
		return err
	}
	s.Federated = federated(id.Issuer, claims.SID)
	return a.sess.Authenticate(ctx, id.Subject)
}

// federated returns the name of a provider's session.
func federated(issuer, sid string) string {
	if sid == "" {
		return ""
	}
	return issuer + " " + sid
}

// logoutEvent is the member that the events of every logout token have.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutAge is the age up to which a logout token is accepted.
const logoutAge = 5 * time.Minute

var errLogout = errors.New("not a logout token")

// backChannelLogout ends sessions at the provider's request (OpenID Connect Back-Channel Logout
// 1.0): those that come from one of the provider's sessions, or all of a user's.
func (a *api) backChannelLogout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	sub, sid, err := a.oidc.logout(r.Context(), r.PostFormValue("logout_token"))
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_request"})
		return
	}
	if sid != "" {
		_, err = a.manager.RevokeFederated(r.Context(), sid)
	} else {
		_, err = a.manager.RevokeAll(r.Context(), sub)
	}
	if err != nil { // the provider may retry
		fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// logout verifies a logout token as section 2.6 of the specification requires, and returns whose
// sessions to end.
func (c *client) logout(ctx context.Context, raw string) (sub, sid string, err error) {
	token, err := c.verifier.Verify(ctx, raw) // checks signature, issuer, audience and expiry
	if err != nil {
		return "", "", err
	}
	var claims struct {
		SID    string                     `json:"sid"`
		Nonce  *string                    `json:"nonce"`
		Events map[string]json.RawMessage `json:"events"`
	}
	if err := token.Claims(&claims); err != nil {
		return "", "", err
	}
	_, isLogout := claims.Events[logoutEvent]
	switch {
	case !isLogout, claims.Nonce != nil: // not a logout token, perhaps an ID token
		return "", "", errLogout
	case token.Subject == "" && claims.SID == "":
		return "", "", errLogout
	case time.Since(token.IssuedAt) > logoutAge:
		return "", "", errLogout
	}
	return token.Subject, federated(token.Issuer, claims.SID), nil
}
