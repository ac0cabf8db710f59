package bound

import "errors"

// The reasons for refusing a proof. No error of this package contains anything that the client has
// sent.
var (
	// ErrMalformed means that a proof, header or stored binding does not have the required form.
	ErrMalformed = errors.New("malformed")
	// ErrTooLong means that a proof is longer than MaxToken.
	ErrTooLong = errors.New("too long")
	// ErrAlgorithm means that a proof names an algorithm other than ES256 and RS256, or one that
	// does not suit its key.
	ErrAlgorithm = errors.New("algorithm not accepted")
	// ErrKey means that a proof's public key is missing, weak, not on its curve, or not the one
	// that the session is bound to.
	ErrKey = errors.New("key not accepted")
	// ErrSignature means that a signature was not made by the key.
	ErrSignature = errors.New("wrong signature")
	// ErrChallenge means that a challenge, nonce or cookie was not made for this session and
	// purpose.
	ErrChallenge = errors.New("challenge of another session or purpose")
	// ErrExpired means that a challenge, nonce, cookie or proof is too old, or too far in the
	// future.
	ErrExpired = errors.New("expired")
	// ErrReplayed means that this process has accepted the same proof before.
	ErrReplayed = errors.New("replayed")
	// ErrRegistered means that the session is bound to a key already.
	ErrRegistered = errors.New("already bound to a key")
	// ErrUnregistered means that the session is not bound to a key.
	ErrUnregistered = errors.New("not bound to a key")
	// ErrRequest means that a DPoP proof was made for another method, URL or session ID.
	ErrRequest = errors.New("made for another request")
)
