package pysession

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"io"
)

// derive returns the key that itsdangerous.Signer makes of a secret by default ("django-concat").
func derive(secret string) []byte {
	sum := sha1.Sum([]byte("itsdangerous.Signer" + "signer" + secret))
	return sum[:]
}

// sign returns the signature of a value: HMAC-SHA1 in base64url without padding, 27 characters.
func sign(key []byte, value string) string {
	mac := hmac.New(sha1.New, key)
	io.WriteString(mac, value)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
