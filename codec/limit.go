package codec

import "github.com/dynasession/dynasession/codec/internal/fault"

// DecodeLimit is how many bytes of memory Decode of each codec of this module makes at most for the
// elements of one value: of slices and maps, and behind pointers. The texts in it aren't counted,
// as the stored bytes bound them. A few stored bytes may stand for many elements, and a few hundred
// of them, compressed, for billions of bytes: what would take more is an error, found before any of
// it is made. Encode refuses it too.
//
// It is eighty times what DynamoDB keeps in an item.
const DecodeLimit = 32 << 20

// errLimit is the error for more.
var errLimit = fault.New(nil, "its elements would take more than %d bytes of memory", DecodeLimit)
