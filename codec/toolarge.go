package codec

import (
	"errors"
	"fmt"
)

// EncodeLimit is the maximum size, in bytes, of what Encode of this module's codecs returns; of a
// native value, the size that DynamoDB counts. A larger value is [ErrTooLarge]. Encode refuses it
// before encoding it, so that a refusal costs no more time and memory than this limit allows,
// however large the value is. It measures what a type encodes itself to only afterwards.
//
// It is ten times the maximum size of a DynamoDB item, since [Compress] may make a value fit. Each
// store has a limit of its own.
const EncodeLimit = 4 << 20

// ErrTooLarge means that a session is larger than [EncodeLimit], or larger than the store can keep;
// nothing was written. The error is a [*TooLargeError], which has size and limit. It is
// sessions.ErrTooLarge: a codec of your own may return a TooLargeError too.
var ErrTooLarge = errors.New("session too large")

// TooLargeError is an [ErrTooLarge] with the session's size and the limit.
type TooLargeError struct {
	Size    int  // bytes that the session takes
	Limit   int  // bytes that it may take
	AtLeast bool // Size is a lower bound, since the session wasn't encoded
}

// Error returns a text with size and limit.
func (e *TooLargeError) Error() string {
	least := ""
	if e.AtLeast {
		least = "at least "
	}
	return fmt.Sprintf("%v: %s%d bytes, and at most %d can be stored", ErrTooLarge, least, e.Size, e.Limit)
}

// Unwrap returns [ErrTooLarge].
func (e *TooLargeError) Unwrap() error { return ErrTooLarge }
