package sessions

// IDScheme makes session IDs, recognises those it made, and tells under which key the store keeps their sessions.
// [RandomIDs] is the default; [SignedIDs] refuses forged IDs without asking the store. It is safe for concurrent use.
type IDScheme interface {
	// New returns a fresh ID, unguessable and never returned before.
	New() ID

	// Parse returns the ID of which s is the text, as a client sent it. The error is [ErrInvalidID] if New can't have made
	// it; no text is repaired: neither quotes nor space nor padding are taken away. The error does not repeat s.
	Parse(s string) (ID, error)

	// Key returns the key under which a store keeps the session of id.
	Key(id ID) string
}

// A validator is a part of a [Config] that can tell whether it is usable.
type validator interface{ Validate() error }
