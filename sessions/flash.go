package sessions

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"maps"
	"math"
	"slices"
)

// MaxFlash is the most messages that a [Flash] holds. Adding another drops the oldest.
const MaxFlash = 32

// Flash holds messages to show once, on the next page, such as "Your order was placed." Make it a
// field of the session's data:
//
//	type Data struct {
//		Flash sessions.Flash[string] `json:"flash,omitempty"`
//	}
//
// M is a string or a struct that the codec can store. The zero Flash is empty and ready to use.
// With omitempty, an empty Flash is not stored at all. At most [MaxFlash] messages are kept.
//
// When requests change one session at the same time, [MergeFields] merges a Flash: messages that
// either added are kept, even if their texts are equal, and a message that either took is gone.
//
// A page that calls Take and saves afterwards shows a message once, unless another page loads the
// same session before that save: then both show it. To show it once even then, call Take in
// [Manager.Update] before showing it:
//
//	var messages []string
//	s, err := m.Update(ctx, id, func(d *Data) error {
//		messages = d.Flash.Take()
//		return nil
//	})
//
// The map's keys identify the messages and sort in the order of Add. Add makes them; applications
// don't need them. Add and Take replace the map and don't change it, so copies of a Flash are
// independent. A Flash is not safe for concurrent use.
type Flash[M any] map[string]M

// Add adds a message. If there are [MaxFlash] messages already, it drops the oldest.
func (f *Flash[M]) Add(message M) {
	next := maps.Clone(*f)
	if next == nil {
		next = make(Flash[M])
	}
	next[nextFlashKey(next)] = message
	next.trim()
	*f = next
}

// Take returns the messages, the oldest first, and leaves f empty. It returns nil if there are
// none.
func (f *Flash[M]) Take() []M {
	if len(*f) == 0 {
		return nil
	}
	messages := make([]M, 0, len(*f))
	for _, key := range slices.Sorted(maps.Keys(*f)) {
		messages = append(messages, (*f)[key])
	}
	*f = nil
	return messages
}

// Merge returns the messages of base that neither f nor theirs has taken, and those that either has
// added. It drops the oldest if there are more than [MaxFlash]. The error is always nil. Merge
// makes Flash a [Merger]; your own Config.Merge may call it too.
func (f Flash[M]) Merge(base, theirs Flash[M]) (Flash[M], error) {
	var merged Flash[M]
	keep := func(from, other Flash[M]) {
		for key, message := range from {
			_, before := base[key]
			_, there := other[key]
			if before && !there {
				continue
			}
			if merged == nil {
				merged = make(Flash[M])
			}
			merged[key] = message
		}
	}
	keep(theirs, f)
	keep(f, theirs)
	merged.trim()
	return merged, nil
}

// trim drops the oldest messages until no more than MaxFlash are left.
func (f Flash[M]) trim() {
	if surplus := len(f) - MaxFlash; surplus > 0 {
		for _, key := range slices.Sorted(maps.Keys(f))[:surplus] {
			delete(f, key)
		}
	}
}

// A message's key is its number, one more than the highest before it, and some random bytes, so
// that it differs from a message that a concurrent request adds to the same session. The alphabet
// sorts like the bytes.
const (
	flashNumberBytes = 4
	flashRandomBytes = 6
)

var flashKeys = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

func nextFlashKey[M any](f map[string]M) string {
	var next uint32
	for key := range f {
		if b, err := flashKeys.DecodeString(key); err == nil && len(b) == flashNumberBytes+flashRandomBytes {
			next = max(next, min(binary.BigEndian.Uint32(b), math.MaxUint32-1)+1)
		}
	}
	var b [flashNumberBytes + flashRandomBytes]byte
	binary.BigEndian.PutUint32(b[:], next)
	rand.Read(b[flashNumberBytes:]) // never fails
	return flashKeys.EncodeToString(b[:])
}
