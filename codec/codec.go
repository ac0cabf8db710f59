// Package codec turns a session's data, a struct of the application's own, into something a store
// can keep, and back.
//
// There are three codecs: [JSON] in this package, the default; msgpack.Codec, compact;
// attribute.Codec, which stores each field as an attribute of DynamoDB's own, readable in its
// console. All three read `json` struct tags, so a field marked `json:"-"` stays out of the store
// whichever is chosen. [Upgrade] moves a live table from one to another, [Version] and [Migrate]
// from one type to another, and [Compress] makes what any of them stores smaller. What T doesn't
// know survives a save: see [Keeper].
//
// To write a codec, implement [Codec], two methods, and [Keeper] if it can be; the package
// codectest checks it.
package codec

import "errors"

// Codec turns values of T into payloads and back. A Codec is safe for concurrent use.
//
// What Encode accepts, Decode of the same codec gives back: equal in every exported field that is
// not excluded by its tag. A value for which that can't be kept (a channel, a function, a cycle, a
// text that isn't UTF-8 where the format is text) is an error of Encode, never a surprise of a
// later Decode.
type Codec[T any] interface {
	// Encode returns v in the codec's format. The payload keeps no reference to v: a later change
	// of v does not change it.
	Encode(v T) (Payload, error)

	// Decode returns the value of p, starting from a zero T. The error is [ErrFormat] if p is of
	// another format than the codec writes; any other error says what is wrong with the bytes. It
	// never panics, and never returns a zero T without an error unless a zero T was encoded.
	Decode(p Payload) (T, error)
}

// ErrFormat is the error of [BytesOf] and of Decode for a payload of another format.
var ErrFormat = errors.New("codec: payload is of another format")
