// Package codec encodes a session's data, a struct that the application defines, into a form that a
// store can keep, and decodes it.
//
// There are three codecs: [JSON] in this package, the default; msgpack.Codec, which is compact; and
// attribute.Codec, which stores each field as a DynamoDB attribute that the console shows. All
// three read `json` struct tags, so none of them stores a field marked `json:"-"`. [Upgrade] moves
// a live table from one codec to another, [Version] and [Migrate] move it from one type to another,
// and [Compress] compresses what any of them encodes. Stored fields that T doesn't have survive a
// save: see [Keeper].
//
// To write a codec, implement the two methods of [Codec], and [Keeper] if possible; test it with
// package codectest.
package codec

import "errors"

// Codec turns values of T into payloads and back. A Codec is safe for concurrent use.
//
// Decode returns what Encode was given, equal in every exported field that its tag doesn't exclude.
// Encode returns an error for a value that Decode couldn't return (a channel, a function, a cycle,
// a string that isn't UTF-8 if the format is text), and may return a [*TooLargeError] for one that
// no store could keep, best before the work.
type Codec[T any] interface {
	// Encode returns v in the codec's format. The payload shares no memory with v.
	Encode(v T) (Payload, error)

	// Decode returns the value of p. Fields that p doesn't have are zero. The error is [ErrFormat]
	// if p has a format that the codec doesn't read; any other error says what is wrong with the
	// bytes. It never panics, and never returns a zero T without an error unless a zero T was
	// encoded.
	Decode(p Payload) (T, error)
}

// ErrFormat means that a payload has another format; [BytesOf] and Decode return it.
var ErrFormat = errors.New("codec: payload is of another format")
