package bound

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"
)

// HeaderProof is the request header that carries a DPoP proof.
const HeaderProof = "DPoP"

// HeaderNonce is the response header that gives the client the nonce for its next proofs.
const HeaderNonce = "DPoP-Nonce"

// ProofWindow is how far a proof's time may be from the server's, in either direction.
const ProofWindow = time.Minute

const maxProofID = 256 // bytes of jti

// Proof is an API client's proof that it has a key, for one request (RFC 9449), parsed and not
// verified. [Binding.BindClient] and [Binding.CheckClient] verify it.
type Proof struct {
	id, method, url string
	issued          time.Time
	hash            string // of the session's ID; "": none
	nonce           string // "": none
	key             Key
	token           token
}

// ParseProof parses the values of the header DPoP, of which there must be exactly one.
func ParseProof(values []string) (Proof, error) {
	if len(values) != 1 {
		return Proof{}, fmt.Errorf("%w: must be one header, not %d", ErrMalformed, len(values))
	}
	t, err := parseToken(values[0], "dpop+jwt")
	if err != nil {
		return Proof{}, err
	}
	p := Proof{token: t}
	for _, claim := range []struct {
		name  string
		value *string
	}{{"jti", &p.id}, {"htm", &p.method}, {"htu", &p.url}} {
		if *claim.value, err = t.payload.text(claim.name); err != nil {
			return Proof{}, err
		}
	}
	if p.id == "" || len(p.id) > maxProofID {
		return Proof{}, fmt.Errorf("%w: jti must have 1 to %d bytes", ErrMalformed, maxProofID)
	}
	for _, claim := range []struct {
		name  string
		value *string
	}{{"ath", &p.hash}, {"nonce", &p.nonce}} {
		if !t.payload.has(claim.name) {
			continue
		}
		if *claim.value, err = t.payload.text(claim.name); err != nil {
			return Proof{}, err
		}
		if *claim.value == "" {
			return Proof{}, fmt.Errorf("%w: %s must not be empty", ErrMalformed, claim.name)
		}
	}
	if p.issued, err = t.payload.time("iat"); err != nil {
		return Proof{}, err
	}
	if p.key, err = t.key(); err != nil {
		return Proof{}, err
	}
	return p, nil
}

// time returns a member that must be a number of seconds since 1970.
func (m members) time(name string) (time.Time, error) {
	var seconds float64
	raw := m[name]
	if len(raw) == 0 || raw[0] == 'n' || json.Unmarshal(raw, &seconds) != nil {
		return time.Time{}, fmt.Errorf("%w: %s must be a number", ErrMalformed, name)
	}
	if seconds < 0 || seconds > 1<<40 {
		return time.Time{}, fmt.Errorf("%w: %s", ErrExpired, name)
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), nil
}

// Request is the request that a proof must have been made for.
type Request struct {
	Method string
	Scheme string // "http" or "https"; "": either, if a proxy ends TLS
	Host   string // with the port, unless it is the scheme's default
	Path   string // escaped, as received
	ID     string // the session's ID that came with the request; "": none
}

// Nonce returns a nonce for a client's next proofs.
func (b Binding) Nonce(now time.Time) string { return b.stamp(forNonce, now) }

// NonceAge returns how long ago p's nonce was made, if it is one of [Binding.Nonce].
func (b Binding) NonceAge(p Proof, now time.Time) (time.Duration, bool) {
	return b.age(forNonce, p.nonce, now)
}

// BindClient returns b bound to the key of p, which must have been made for r.
func (b Binding) BindClient(p Proof, r Request, now time.Time) (Binding, error) {
	if _, ok := b.Registered(); ok {
		return Binding{}, ErrRegistered
	}
	if err := p.check(r, now); err != nil {
		return Binding{}, err
	}
	if err := p.token.verify(p.key); err != nil {
		return Binding{}, err
	}
	b.thumbprint, b.registered = p.key.Thumbprint(), whole(now)
	return b, nil
}

// CheckClient returns an error unless p was made for r, with the key that b is bound to, and with a
// nonce that is at most life old. If only the nonce is wrong, the error is a [NonceError].
func (b Binding) CheckClient(p Proof, r Request, life time.Duration, now time.Time) error {
	if !b.Client() {
		return ErrUnregistered
	}
	thumbprint := p.key.Thumbprint()
	if subtle.ConstantTimeCompare(thumbprint[:], b.thumbprint[:]) != 1 {
		return fmt.Errorf("%w: the session is bound to another", ErrKey)
	}
	if p.hash == "" {
		return fmt.Errorf("%w: no ath", ErrRequest)
	}
	if err := p.check(r, now); err != nil {
		return err
	}
	if err := b.check(forNonce, p.nonce, life, now); err != nil {
		return &NonceError{err}
	}
	return p.token.verify(p.key)
}

// NonceError means that only the nonce of a proof is wrong: missing, too old or of another session.
// The client may try again with a new nonce.
type NonceError struct{ err error }

func (e *NonceError) Error() string { return "nonce: " + e.err.Error() }
func (e *NonceError) Unwrap() error { return e.err }

// Spent returns the key of p in a [Spent]. It doesn't depend on the signature.
func (p Proof) Spent() SpentKey {
	thumbprint := p.key.Thumbprint()
	return spentKey("DPoP proof", thumbprint[:], []byte(p.id))
}

// check compares the claims of p about its request with r.
func (p Proof) check(r Request, now time.Time) error {
	if p.method != r.Method {
		return fmt.Errorf("%w: another method", ErrRequest)
	}
	if !r.is(p.url) {
		return fmt.Errorf("%w: another URL", ErrRequest)
	}
	if p.hash != "" {
		hash := sha256.Sum256([]byte(r.ID))
		if r.ID == "" || subtle.ConstantTimeCompare([]byte(p.hash), []byte(encode64(hash[:]))) != 1 {
			return fmt.Errorf("%w: another session ID", ErrRequest)
		}
	}
	if age := now.Sub(p.issued); age > ProofWindow || age < -ProofWindow {
		return fmt.Errorf("%w: iat must be within %v", ErrExpired, ProofWindow)
	}
	return nil
}

// is reports whether text is the URL of r, without regard to query and fragment, and after the
// normalisations of RFC 3986, sections 6.2.2 and 6.2.3, as RFC 9449 section 4.3 asks.
func (r Request) is(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	scheme := strings.ToLower(u.Scheme)
	if scheme != "https" && scheme != "http" || r.Scheme != "" && scheme != r.Scheme {
		return false
	}
	return authority(scheme, u.Host) == authority(scheme, r.Host) && withoutDots(normalPath(u.EscapedPath())) == withoutDots(normalPath(r.Path))
}

// authority returns host in lower case and without the scheme's default port.
func authority(scheme, host string) string {
	port := ":443"
	if scheme == "http" {
		port = ":80"
	}
	return strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(host), port), ":")
}

// normalPath returns an escaped path with upper-case escapes, and without escapes of characters
// that don't need one.
func normalPath(path string) string {
	if path == "" {
		return "/"
	}
	if !strings.Contains(path, "%") {
		return path
	}
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) {
			out.WriteByte(path[i])
			continue
		}
		c, err := url.PathUnescape(path[i : i+3])
		if err == nil && isUnreserved(c[0]) {
			out.WriteString(c)
		} else {
			out.WriteString(strings.ToUpper(path[i : i+3]))
		}
		i += 2
	}
	return out.String()
}

// withoutDots returns an escaped path without the segments . and .., as clients send it.
func withoutDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	u, err := url.Parse("http://host" + path)
	if err != nil {
		return path
	}
	return u.ResolveReference(u).EscapedPath()
}

func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
