package codec

// A Keeper is a [Codec] that carries along what a stored value holds and T doesn't know.
//
// While a deploy rolls, two versions of T share the table: a server that doesn't have a field yet,
// or no longer, must not erase it by saving something else. So a Manager saves by EncodeOver. The
// three codecs of this module are Keepers, and so is what [Compress], [Upgrade] and [Version] make
// of a Keeper. A codec of your own is one if it has this method; the package codectest checks it.
type Keeper[T any] interface {
	Codec[T]

	// EncodeOver returns v encoded, with the members of stored that T has no field for carried
	// along: those of the value itself and of structs in it, embedded, behind pointers and in the
	// values of maps; not of structs in slices and arrays, whose elements have no name to be found
	// by, nor of types that encode themselves.
	//
	// What T does have a field for is as v has it: a field that v leaves empty is empty, even if
	// its tag leaves it out; a key that v's map doesn't have is gone; a pointer that is nil takes
	// along all of what it pointed to. A field is had under the names that Decode reads it by.
	//
	// A nil stored, one of another format, and one that Decode can't read hold nothing to carry:
	// then EncodeOver is Encode, and so it is for a stored without members that T doesn't know.
	// EncodeOver doesn't change stored, whose memory the result may share.
	EncodeOver(v T, stored Payload) (Payload, error)
}

// EncodeOver returns what c's own EncodeOver does if c is a [Keeper] and stored isn't nil, and else
// what its Encode does.
func EncodeOver[T any](c Codec[T], v T, stored Payload) (Payload, error) {
	if k, ok := c.(Keeper[T]); ok && stored != nil {
		return k.EncodeOver(v, stored)
	}
	return c.Encode(v)
}
