package codec

// A Keeper is a [Codec] that preserves the stored fields that T doesn't have.
//
// While a deploy rolls, two versions of T share the table: a server that doesn't have a field yet,
// or no longer, must not erase it by saving something else. So a Manager saves with EncodeOver. The
// three codecs of this module are Keepers, and so are the codecs that [Compress], [Upgrade] and
// [Version] return for a Keeper. Your own codec is a Keeper if it has this method; test it with
// package codectest.
type Keeper[T any] interface {
	Codec[T]

	// EncodeOver returns v encoded together with the members of stored that T has no field for:
	// those of the value itself and of structs in it that are embedded, behind pointers or values
	// of maps. It doesn't preserve members of structs in slices and arrays, whose elements have no
	// name, nor of types that encode themselves.
	//
	// Members that T has a field for are taken from v: a field that is empty in v is empty, even if
	// its tag omits it; a key that v's map doesn't have is gone; if a pointer is nil in v,
	// everything that it pointed to is gone. T has a field for a member if Decode would read it.
	//
	// If stored is nil, has another format, can't be decoded or has no members unknown to T,
	// EncodeOver returns what Encode does. EncodeOver doesn't change stored; the result may share
	// its memory.
	EncodeOver(v T, stored Payload) (Payload, error)
}

// EncodeOver calls c's EncodeOver if c is a [Keeper] and stored isn't nil, and otherwise its
// Encode.
func EncodeOver[T any](c Codec[T], v T, stored Payload) (Payload, error) {
	if k, ok := c.(Keeper[T]); ok && stored != nil {
		return k.EncodeOver(v, stored)
	}
	return c.Encode(v)
}
