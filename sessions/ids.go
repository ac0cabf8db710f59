package sessions

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/dynasession/dynasession/sessions/internal/rosters"
)

// IDScheme makes session IDs, recognises those it made, and says under which key the store keeps
// their sessions. [RandomIDs] is the default; [SignedIDs] refuses forged IDs without a store call.
// It is safe for concurrent use.
type IDScheme interface {
	// New returns a new, unguessable ID.
	New() ID

	// Parse returns the ID with the text s, which a client sent. The error is [ErrInvalidID] if New
	// can't have made it. Parse must not repair s, say by trimming quotes, space or padding. The
	// error must not contain s.
	Parse(s string) (ID, error)

	// Key returns the store's key of id's session. It should be [ID.Handle]. The Manager treats a
	// key that doesn't look like a handle as a secret, which it never shows, and as a key of a
	// table that other software reads: it deletes a session that ends instead of leaving a marker.
	Key(id ID) string
}

var (
	errTakesHandles = errors.New("a handle, which logs and lists show, is accepted as an ID")
	errOwnID        = errors.New("an ID that New has made is refused by Parse")
)

// validateIDs says whether a scheme is usable.
func validateIDs(ids IDScheme) error {
	if v := reflect.ValueOf(ids); v.Kind() == reflect.Pointer && v.IsNil() {
		return errors.New("is nil")
	}
	if v, ok := ids.(validator); ok {
		if err := v.Validate(); err != nil {
			return err
		}
	}
	id := ids.New()
	if _, err := ids.Parse(id.Secret()); err != nil {
		return fmt.Errorf("%w: %w", errOwnID, err)
	}
	if _, err := ids.Parse(id.Handle()); err == nil {
		return errTakesHandles
	}
	return nil
}

// handleOf returns the handle of the session of a key: the key if it is a hash, else that of the ID
// which it may be. So nothing that lets anyone in is shown, whatever scheme has made the key.
func handleOf(key string) string {
	if rosters.IsHash(key) {
		return key
	}
	return hash(key)
}
