package bound

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// purpose is what a stamp was made for. A stamp with another purpose is never accepted.
type purpose string

const (
	forRegistration purpose = "registration challenge"
	forRefresh      purpose = "refresh challenge"
	forCookie       purpose = "bound cookie"
	forNonce        purpose = "DPoP nonce"
	forID           purpose = "session identifier"
)

// The tolerances in judging a stamp's time.
const (
	// Slack is added to every lifetime, for hosts whose clocks differ and for requests on their
	// way.
	Slack = time.Minute
	// Ahead is how far in the future a stamp may lie, or its lifetime if that is longer: setting a
	// clock right that was ahead must not invalidate its stamps.
	Ahead = time.Hour
)

const (
	stampHead = 8 + 8                    // bytes: the time and a random number
	stampText = (stampHead + 32) / 3 * 4 // characters of base64url
)

// stamp returns the time of now, in microseconds, a random number, and an HMAC of both, as text: a
// proof that the holder of the secret handed this out for p at that time. Recognising it takes no
// stored state. No two stamps are equal, so each can be spent by itself.
func (b Binding) stamp(p purpose, now time.Time) string {
	head := binary.BigEndian.AppendUint64(make([]byte, 0, stampHead+32), uint64(now.UnixMicro()))
	head = head[:stampHead]
	_, _ = rand.Read(head[8:]) // never fails: the process would end
	return encode64(append(head, b.mac(p, head)...))
}

// check returns an error unless text was stamped for p under b's secret, at most life ago.
func (b Binding) check(p purpose, text string, life time.Duration, now time.Time) error {
	age, ok := b.age(p, text, now)
	if !ok {
		return ErrChallenge
	}
	if age > life+Slack || age < -max(Ahead, life) {
		return ErrExpired
	}
	return nil
}

// age returns how long ago text was stamped, if it was stamped for p under b's secret.
func (b Binding) age(p purpose, text string, now time.Time) (time.Duration, bool) {
	if len(text) != stampText {
		return 0, false
	}
	data, err := decode64(text)
	if err != nil || !hmac.Equal(data[stampHead:], b.mac(p, data[:stampHead])) {
		return 0, false
	}
	return now.Sub(time.UnixMicro(int64(binary.BigEndian.Uint64(data)))), true
}

func (b Binding) mac(p purpose, message []byte) []byte {
	mac := hmac.New(sha256.New, b.secret[:])
	mac.Write([]byte("dynasession device-bound session 1\x00"))
	mac.Write([]byte(p))
	mac.Write([]byte{0})
	mac.Write(message)
	return mac.Sum(nil)
}
