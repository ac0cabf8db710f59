// Package codectest tests a [codec.Codec] against its contract: [Run] with values of the
// application, [RunKinds] with every kind of Go type. The codecs of this module pass both.
//
//	func TestCodec(t *testing.T) {
//		codectest.Run(t, MyCodec[Cart]{}, Cart{}, Cart{Items: []string{"tea"}})
//	}
package codectest
