package msgpack_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/msgpack"
)

type onlyA struct {
	A int `json:"a"`
}

// Bytes that Decode refuses give nothing, though they begin with a whole value.
func TestCodec_EncodeOverWhatCannotBeDecoded(t *testing.T) {
	is := is.New(t)
	c := msgpack.Codec[onlyA]{}
	plain, err := c.Encode(onlyA{1})
	is.NoErr(err)
	unknown := []byte("\x81\xa1u\x01")
	for name, stored := range map[string][]byte{
		"more follows":   append(bytes.Clone(unknown), 0xc0),
		"it is cut":      unknown[:3],
		"nested deeper":  append([]byte("\x81\xa1u"), append(bytes.Repeat([]byte{0x91}, 10_001), 0xc0)...),
		"no byte begins": []byte("\x82\xa1u\x01\xa1v\xc1"),
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			stored := codec.Opaque(msgpack.Format, stored)
			_, err := c.Decode(stored)
			is.True(err != nil)
			p, err := c.EncodeOver(onlyA{1}, stored)
			is.NoErr(err)
			is.True(codec.Equal(p, plain))
		})
	}
}

// The head of a map is as short as the encoder makes it, however many members are kept.
func TestCodec_EncodeOverManyMembers(t *testing.T) {
	is := is.New(t)
	for n, head := range map[int]string{14: "\x8f", 15: "\xde\x00\x10", 65_534: "\xde\xff\xff", 65_535: "\xdf\x00\x01\x00\x00"} {
		stored := map[string]bool{}
		for i := range n {
			stored[fmt.Sprint("u", i)] = true
		}
		old, err := msgpack.Codec[map[string]bool]{}.Encode(stored)
		is.NoErr(err)
		p, err := msgpack.Codec[onlyA]{}.EncodeOver(onlyA{1}, old)
		is.NoErr(err)
		b, err := p.Bytes()
		is.NoErr(err)
		is.Equal(string(b[:len(head)]), head)
		all, err := msgpack.Codec[map[string]any]{}.Decode(p)
		is.NoErr(err)
		is.Equal(len(all), n+1)
		is.Equal(all["a"], int64(1))
	}
}
