package bound

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
)

// The accepted algorithms, by their names in RFC 7518.
const (
	ES256 = "ES256" // ECDSA on P-256 with SHA-256
	RS256 = "RS256" // RSASSA-PKCS1-v1_5 with SHA-256, for devices whose hardware has no P-256
)

// The bounds of an RSA key: a shorter one is weak, and a longer one lets a client cause work for
// the server.
const (
	minModulus  = 2048 // bits
	maxModulus  = 4096
	minExponent = 1<<16 + 1
	maxExponent = 1<<31 - 1
)

// Key is a device's public key. The zero Key means that there is none.
type Key struct {
	ec  *ecdsa.PublicKey
	rsa *rsa.PublicKey
}

// Algorithm returns the one algorithm that the key is for; "" for the zero Key.
func (k Key) Algorithm() string {
	switch {
	case k.ec != nil:
		return ES256
	case k.rsa != nil:
		return RS256
	default:
		return ""
	}
}

// verify checks that k signed text.
func (k Key) verify(text string, signature []byte) error {
	hash := sha256.Sum256([]byte(text))
	switch {
	case k.ec != nil:
		if len(signature) != 64 {
			return fmt.Errorf("%w: %d bytes, must be 64", ErrSignature, len(signature))
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		if ecdsa.Verify(k.ec, hash[:], r, s) {
			return nil
		}
	case k.rsa != nil:
		if len(signature) != k.rsa.Size() {
			return fmt.Errorf("%w: %d bytes, must be %d", ErrSignature, len(signature), k.rsa.Size())
		}
		if rsa.VerifyPKCS1v15(k.rsa, crypto.SHA256, hash[:], signature) == nil {
			return nil
		}
	}
	return ErrSignature
}

// parseJWK returns the public key of a JSON Web Key (RFC 7517) for an algorithm.
func parseJWK(jwk members, alg string) (Key, error) {
	if jwk.has("d") || jwk.has("k") {
		return Key{}, fmt.Errorf("%w: not a public key", ErrKey)
	}
	if jwk.has("alg") {
		if own, err := jwk.text("alg"); err != nil || own != alg {
			return Key{}, fmt.Errorf("%w: not the key's", ErrAlgorithm)
		}
	}
	kty, err := jwk.text("kty")
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	switch alg {
	case ES256:
		if crv, err := jwk.text("crv"); err != nil || kty != "EC" || crv != "P-256" {
			return Key{}, fmt.Errorf("%w: must be on P-256 for ES256", ErrKey)
		}
		x, err := jwk.bytes("x")
		if err != nil {
			return Key{}, err
		}
		y, err := jwk.bytes("y")
		if err != nil {
			return Key{}, err
		}
		if len(x) != 32 || len(y) != 32 {
			return Key{}, fmt.Errorf("%w: coordinates must have 32 bytes", ErrKey)
		}
		return parsePoint(append(append([]byte{4}, x...), y...))
	case RS256:
		if kty != "RSA" {
			return Key{}, fmt.Errorf("%w: must be of RSA for RS256", ErrKey)
		}
		n, err := jwk.bytes("n")
		if err != nil {
			return Key{}, err
		}
		e, err := jwk.bytes("e")
		if err != nil {
			return Key{}, err
		}
		if len(e) == 0 || len(e) > 4 || e[0] == 0 || len(n) == 0 || n[0] == 0 {
			return Key{}, fmt.Errorf("%w: numbers must have their shortest form", ErrKey)
		}
		return newRSA(n, new(big.Int).SetBytes(e).Int64())
	default:
		return Key{}, fmt.Errorf("%w: must be ES256 or RS256", ErrAlgorithm)
	}
}

// bytes returns a member of a JWK that must be base64url.
func (m members) bytes(name string) ([]byte, error) {
	text, err := m.text(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	data, err := decode64(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrKey, name, err)
	}
	return data, nil
}

// parsePoint returns the key of a point of P-256 in uncompressed form.
func parsePoint(point []byte) (Key, error) {
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return Key{}, fmt.Errorf("%w: not a point of P-256", ErrKey)
	}
	return Key{ec: pub}, nil
}

func newRSA(n []byte, e int64) (Key, error) {
	modulus := new(big.Int).SetBytes(n)
	if bits := modulus.BitLen(); bits < minModulus || bits > maxModulus {
		return Key{}, fmt.Errorf("%w: RSA of %d bits, must have %d to %d", ErrKey, bits, minModulus, maxModulus)
	}
	if modulus.Bit(0) == 0 || e%2 == 0 || e < minExponent || e > maxExponent {
		return Key{}, fmt.Errorf("%w: RSA modulus or exponent is even, or the exponent is not %d to %d", ErrKey, minExponent, maxExponent)
	}
	return Key{rsa: &rsa.PublicKey{N: modulus, E: int(e)}}, nil
}

// Thumbprint returns the key's SHA-256 thumbprint (RFC 7638), which names it without revealing it;
// zero for the zero Key.
func (k Key) Thumbprint() [32]byte {
	if k.Algorithm() == "" {
		return [32]byte{}
	}
	if k.ec != nil {
		point, _ := k.ec.Bytes() // can't fail: it was parsed
		return sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + encode64(point[1:33]) + `","y":"` + encode64(point[33:]) + `"}`))
	}
	e := big.NewInt(int64(k.rsa.E)).Bytes()
	return sha256.Sum256([]byte(`{"e":"` + encode64(e) + `","kty":"RSA","n":"` + encode64(k.rsa.N.Bytes()) + `"}`))
}

// appendTo appends the stored form of k without its kind: for ES256 the compressed point, 33 bytes;
// for RS256 the exponent in 4 bytes and the modulus, 260 to 516 bytes.
func (k Key) appendTo(b []byte) []byte {
	if k.ec != nil {
		point, _ := k.ec.Bytes()
		return append(append(b, 2+point[64]&1), point[1:33]...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(k.rsa.E))
	return append(b, k.rsa.N.Bytes()...)
}

// parseKey reads what appendTo wrote.
func parseKey(alg string, b []byte) (Key, error) {
	if alg == ES256 {
		x, y := elliptic.UnmarshalCompressed(elliptic.P256(), b)
		if x == nil {
			return Key{}, fmt.Errorf("%w: not a point of P-256", ErrKey)
		}
		point := make([]byte, 65)
		point[0] = 4
		x.FillBytes(point[1:33])
		y.FillBytes(point[33:])
		return parsePoint(point)
	}
	if len(b) < 5 || b[4] == 0 {
		return Key{}, fmt.Errorf("%w: RSA", ErrMalformed)
	}
	return newRSA(b[4:], int64(binary.BigEndian.Uint32(b)))
}

func encode64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
