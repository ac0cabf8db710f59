package codec

import "github.com/dynasession/dynasession/codec/internal/fault"

// DecodeLimit is the most memory, in bytes, that Decode of this module's codecs allocates for one
// value's slices, maps and pointers. Strings aren't counted, since the stored bytes bound their
// size. A few stored bytes can stand for many elements, and a few hundred compressed bytes for
// gigabytes: Decode returns an error before it allocates more than this. Encode refuses values that
// Decode would refuse.
//
// A big.Int, and each side of a big.Rat, may have at most 10,000 digits, since the time to read it
// grows with their square; a big.Rat that is written with an exponent isn't read.
//
// It is eighty times the maximum size of a DynamoDB item.
const DecodeLimit = 32 << 20

// errLimit is the error if a value would take more.
var errLimit = fault.New(nil, "its elements would take more than %d bytes of memory", DecodeLimit)
