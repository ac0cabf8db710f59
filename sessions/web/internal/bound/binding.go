package bound

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"
)

// Grace is how long after its registration a session is accepted without the bound cookie, for
// requests that were on their way when the browser registered.
const Grace = time.Minute

// registerWithin is how long a registration challenge is valid. Browsers register at once; making a
// key in hardware takes seconds.
const registerWithin = 5 * time.Minute

// Binding is the part of a session's record that binds it to a device. A login makes a new one; see
// [New]. It is a value: methods that change it return another. Printing it shows no secret.
type Binding struct {
	secret     [32]byte
	registered time.Time // zero: the device has no key yet, or can't have one
	key        Key       // DBSC
	thumbprint [32]byte  // DPoP; zero: none
}

// New returns the binding of a login. It draws its secret from crypto/rand and has no key.
func New() Binding {
	var b Binding
	_, _ = rand.Read(b.secret[:]) // never fails: the process would end
	return b
}

// Registered returns when the device registered its key, and whether it has.
func (b Binding) Registered() (time.Time, bool) { return b.registered, !b.registered.IsZero() }

// Browser reports whether the session is bound to a browser's key, by DBSC.
func (b Binding) Browser() bool { return b.key.Algorithm() != "" }

// Client reports whether the session is bound to an API client's key, by DPoP.
func (b Binding) Client() bool { return b.thumbprint != [32]byte{} }

// SameClient reports whether both are bound to the key of the same API client, or neither to one.
func (b Binding) SameClient(other Binding) bool { return b.thumbprint == other.thumbprint }

// Identifier returns the name under which the browser knows the session. It reveals neither the
// session's ID nor the secret, and stays the same when the session gets a new ID.
func (b Binding) Identifier() string { return encode64(b.mac(forID, nil)[:16]) }

// RegistrationChallenge returns the challenge that goes out with the answer to a login.
func (b Binding) RegistrationChallenge(now time.Time) string { return b.stamp(forRegistration, now) }

// Challenge returns a challenge for a refresh.
func (b Binding) Challenge(now time.Time) string { return b.stamp(forRefresh, now) }

// Cookie returns a value of the bound cookie.
func (b Binding) Cookie(now time.Time) string { return b.stamp(forCookie, now) }

// CheckCookie returns an error unless value is one of [Binding.Cookie], made at most life ago.
func (b Binding) CheckCookie(value string, life time.Duration, now time.Time) error {
	return b.check(forCookie, value, life, now)
}

// InGrace reports whether the registration is so recent that the bound cookie may be missing.
func (b Binding) InGrace(now time.Time) bool {
	age := now.Sub(b.registered)
	return b.Browser() && age < Grace && age > -Grace
}

// Register returns b bound to the key in r. The challenge must be one of
// [Binding.RegistrationChallenge]; the signature, checked last, must be the key's.
func (b Binding) Register(r Response, now time.Time) (Binding, error) {
	if _, ok := b.Registered(); ok {
		return Binding{}, ErrRegistered
	}
	if err := b.check(forRegistration, r.Challenge, registerWithin, now); err != nil {
		return Binding{}, err
	}
	key, err := r.token.key()
	if err != nil {
		return Binding{}, err
	}
	if err := r.token.verify(key); err != nil {
		return Binding{}, err
	}
	b.key, b.registered = key, whole(now)
	return b, nil
}

// Refresh returns an error unless r is signed by the key that b is bound to, over a challenge of
// [Binding.Challenge] made at most life ago. A key in r itself means nothing.
func (b Binding) Refresh(r Response, life time.Duration, now time.Time) error {
	if !b.Browser() {
		return ErrUnregistered
	}
	if err := b.check(forRefresh, r.Challenge, life, now); err != nil {
		return err
	}
	return r.token.verify(b.key)
}

// The stored form, all numbers big-endian:
//
//	1 byte     version, 1
//	32 bytes   secret
//
// and once a device has registered:
//
//	1 byte     kind: 1 ES256, 2 RS256, 3 DPoP
//	8 bytes    time of the registration, Unix milliseconds
//	the rest   the key: compressed point; exponent in 4 bytes and modulus; SHA-256 thumbprint
const (
	// FixedBytes is the length of the part of the stored form that a registration doesn't change,
	// so that encrypted data can be bound to it. If the stored form is longer, the session is
	// bound.
	FixedBytes = 1 + 32

	version = 1

	kindES256 = 1
	kindRS256 = 2
	kindDPoP  = 3

	kindAt  = FixedBytes
	boundAt = kindAt + 1
	keyAt   = boundAt + 8
)

// Bytes returns the stored form of b: 33 bytes without a key, 75 for ES256, 74 for DPoP.
func (b Binding) Bytes() []byte {
	out := append([]byte{version}, b.secret[:]...)
	var kind byte
	switch {
	case b.Client():
		kind = kindDPoP
	case b.key.Algorithm() == ES256:
		kind = kindES256
	case b.key.Algorithm() == RS256:
		kind = kindRS256
	default:
		return out
	}
	out = binary.BigEndian.AppendUint64(append(out, kind), uint64(b.registered.UnixMilli()))
	if kind == kindDPoP {
		return append(out, b.thumbprint[:]...)
	}
	return b.key.appendTo(out)
}

// Parse reads the stored form. Its error is ErrMalformed, also for a version that a newer release
// wrote: a session whose binding can't be judged must not be accepted as unbound.
func Parse(data []byte) (Binding, error) {
	if len(data) < FixedBytes || data[0] != version {
		return Binding{}, errStored
	}
	b := Binding{secret: [32]byte(data[1:FixedBytes])}
	if len(data) == FixedBytes {
		return b, nil
	}
	if len(data) <= keyAt {
		return Binding{}, errStored
	}
	b.registered = milliseconds(data[boundAt:])
	var err error
	switch key := data[keyAt:]; data[kindAt] {
	case kindES256:
		b.key, err = parseKey(ES256, key)
	case kindRS256:
		b.key, err = parseKey(RS256, key)
	case kindDPoP:
		if len(key) != len(b.thumbprint) {
			return Binding{}, errStored
		}
		copy(b.thumbprint[:], key)
		if !b.Client() {
			return Binding{}, errStored
		}
	default:
		return Binding{}, errStored
	}
	if err != nil {
		return Binding{}, fmt.Errorf("%w: %w", errStored, err)
	}
	return b, nil
}

var errStored = fmt.Errorf("%w: stored binding", ErrMalformed)

// whole returns t with the precision of the stored form.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func milliseconds(b []byte) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC()
}

// Format prints whether there is a key, but neither the key nor the secret.
func (b Binding) Format(f fmt.State, _ rune) {
	switch {
	case b.Client():
		fmt.Fprint(f, "bound by DPoP")
	case b.Browser():
		fmt.Fprint(f, "bound by "+b.key.Algorithm())
	default:
		fmt.Fprint(f, "not bound")
	}
}
