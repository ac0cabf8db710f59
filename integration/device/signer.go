// Package device provides devices for tests: browsers and API clients that sign whatever a test
// asks, including proofs that a real device would not make.
package device

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"sync"
	"testing"
	"time"
)

// Object is a JSON object.
type Object = map[string]any

// Signer is a device with a key. Tests may change its fields to make invalid proofs.
type Signer struct {
	Alg  string
	JWK  Object
	Sign func(text string) []byte
}

// Encode encodes b as base64url without padding.
func Encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Hash returns the SHA-256 of an ID in the form of a DPoP proof.
func Hash(id string) string {
	sum := sha256.Sum256([]byte(id))
	return Encode(sum[:])
}

// NewES256 returns a device with a new P-256 key.
func NewES256(t testing.TB) Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	jwk := Object{"kty": "EC", "crv": "P-256", "x": Encode(point[1:33]), "y": Encode(point[33:])}
	return Signer{"ES256", jwk, func(text string) []byte {
		hash := sha256.Sum256([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, key, hash[:])
		if err != nil {
			t.Error(err)
			return nil
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}}
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// NewRS256 returns a device with an RSA key, which is the same for all tests of a process.
func NewRS256(t testing.TB) Signer {
	t.Helper()
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	jwk := Object{"kty": "RSA", "n": Encode(key.N.Bytes()), "e": Encode(big.NewInt(int64(key.E)).Bytes())}
	return Signer{"RS256", jwk, func(text string) []byte {
		hash := sha256.Sum256([]byte(text))
		s, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, hash[:])
		if err != nil {
			t.Error(err)
		}
		return s
	}}
}

// Token returns a token with a header and a payload, which it signs unchanged.
func (s Signer) Token(t testing.TB, header, payload Object) string {
	t.Helper()
	h, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	p, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	signed := Encode(h) + "." + Encode(p)
	return signed + "." + Encode(s.Sign(signed))
}

// Registration returns the token with which a browser registers its key.
func (s Signer) Registration(t testing.TB, challenge string) string {
	t.Helper()
	return s.Token(t, Object{"typ": "dbsc+jwt", "alg": s.Alg, "jwk": s.JWK}, Object{"jti": challenge})
}

// Refresh returns the token with which a browser refreshes the bound cookie.
func (s Signer) Refresh(t testing.TB, challenge string) string {
	t.Helper()
	return s.Token(t, Object{"typ": "dbsc+jwt", "alg": s.Alg}, Object{"jti": challenge})
}

// Proof returns the DPoP proof that an API client sends with a request.
func (s Signer) Proof(t testing.TB, claims Object) string {
	t.Helper()
	return s.Token(t, Object{"typ": "dpop+jwt", "alg": s.Alg, "jwk": s.JWK}, claims)
}

// Claims returns the claims of a proof for a request with an ID, which may be empty. Members of
// changes override the claims; nil removes a claim.
func Claims(method, url, id string, at time.Time, changes Object) Object {
	c := Object{"jti": rand.Text(), "htm": method, "htu": url, "iat": at.Unix()}
	if id != "" {
		c["ath"] = Hash(id)
	}
	for k, v := range changes {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	return c
}
