package bound_test

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

var (
	epoch = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	life  = 10 * time.Minute
)

type object = map[string]any

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// signer is a device with a key.
type signer struct {
	alg  string
	jwk  object
	sign func(text string) []byte
}

func newES256(t testing.TB) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	jwk := object{"kty": "EC", "crv": "P-256", "x": encode(point[1:33]), "y": encode(point[33:])}
	return signer{"ES256", jwk, func(text string) []byte {
		hash := sha256.Sum256([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, key, hash[:])
		if err != nil {
			t.Fatal(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}}
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newRS256(t testing.TB) signer {
	t.Helper()
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	jwk := object{"kty": "RSA", "n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes())}
	return signer{"RS256", jwk, func(text string) []byte {
		hash := sha256.Sum256([]byte(text))
		s, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, hash[:])
		if err != nil {
			t.Fatal(err)
		}
		return s
	}}
}

// token signs a header and payload as they are.
func (s signer) token(t testing.TB, header, payload object) string {
	t.Helper()
	h, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	p, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	signed := encode(h) + "." + encode(p)
	return signed + "." + encode(s.sign(signed))
}

// registration is what a browser sends to register.
func (s signer) registration(t testing.TB, challenge string) string {
	t.Helper()
	return s.token(t, object{"typ": "dbsc+jwt", "alg": s.alg, "jwk": s.jwk}, object{"jti": challenge})
}

// refresh is what a browser sends to refresh.
func (s signer) refresh(t testing.TB, challenge string) string {
	t.Helper()
	return s.token(t, object{"typ": "dbsc+jwt", "alg": s.alg}, object{"jti": challenge})
}
