// Package codectest checks a [codec.Codec]: each of its promises, on values of the application's
// own with [Run], and on every kind of Go type with [RunKinds]. The codecs of this module pass
// both.
//
//	func TestCodec(t *testing.T) {
//		codectest.Run(t, MyCodec[Cart]{}, Cart{}, Cart{Items: []string{"tea"}})
//	}
package codectest
