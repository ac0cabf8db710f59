package zstd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/codectest"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
)

var _ codec.Compressor = zstd.New()

// with returns the three codecs with compression from one byte on.
func with[T any]() map[string]codec.Codec[T] {
	by := zstd.New()
	return map[string]codec.Codec[T]{
		"zstd+json":     codec.Compress[T](codec.JSON[T]{}, by, 1),
		"zstd+msgpack":  codec.Compress[T](msgpack.Codec[T]{}, by, 1),
		"zstd+dynamodb": codec.Compress[T](attribute.Codec[T]{}, by, 1),
	}
}

func TestCompressor_AroundEachCodec(t *testing.T) {
	var many codectest.Collections
	for i := range 50 {
		many.Structs = append(many.Structs, codectest.Inner{Name: fmt.Sprint("item number ", i), Count: i})
	}
	many.Counts = map[string]int{"a": 1, "b": 2, "c": 3}
	for format, c := range with[codectest.Collections]() {
		t.Run(format, func(t *testing.T) {
			is := is.New(t)
			codectest.Run(t, c, codectest.Collections{}, codectest.Collections{Strings: []string{"a", "b"}}, many)
			p, err := c.Encode(many)
			is.NoErr(err)
			is.Equal(p.Format(), format)
		})
	}
}

// Random bytes don't get smaller, so the payload stays uncompressed, and native with the native
// codec.
func TestCompressor_WhatDoesNotGetSmallerStaysNative(t *testing.T) {
	is := is.New(t)
	random := rand.NewChaCha8([32]byte{1})
	for _, n := range []int{100, 660, 700, 3780, 50_000} {
		var data struct{ Token []byte }
		data.Token = make([]byte, n)
		_, _ = random.Read(data.Token) // never fails
		p, err := codec.Compress(attribute.Codec[struct{ Token []byte }]{}, zstd.New(), 0).Encode(data)
		is.NoErr(err)
		_, native := p.(attribute.Value)
		is.True(native)
	}
}

// A store may keep a payload for hours, so its slice has no unused capacity.
func TestCompressor_KeepsNoRoomThatIsNotNeeded(t *testing.T) {
	is := is.New(t)
	for _, n := range []int{1000, 100_000, 1_000_000} {
		frame, err := zstd.New().Compress(make([]byte, n))
		is.NoErr(err)
		is.True(cap(frame) < 2*len(frame)+64)
	}
}

func TestCompressor_Kinds(t *testing.T) {
	codectest.RunKinds(t, codectest.Kinds{
		Scalars:     with[codectest.Scalars]()["zstd+msgpack"],
		Blobs:       with[codectest.Blobs]()["zstd+msgpack"],
		Times:       with[codectest.Times]()["zstd+msgpack"],
		Collections: with[codectest.Collections]()["zstd+msgpack"],
		Pointers:    with[codectest.Pointers]()["zstd+msgpack"],
		Node:        with[codectest.Node]()["zstd+msgpack"],
		Embedding:   with[codectest.Embedding]()["zstd+msgpack"],
		Tagged:      with[codectest.Tagged]()["zstd+msgpack"],
		Older:       with[codectest.Older]()["zstd+msgpack"],
		Newer:       with[codectest.Newer]()["zstd+msgpack"],
		Open:        with[codectest.Open]()["zstd+msgpack"],
		Unstorable:  with[codectest.Unstorable]()["zstd+msgpack"],
		Text:        with[string]()["zstd+msgpack"],
		Free:        with[map[string]any]()["zstd+msgpack"],
		Pointer:     with[*codectest.Inner]()["zstd+msgpack"],
	})
}

// texts returns texts of many sizes, some around the sizes of blocks and of the window.
func texts(t *testing.T) [][]byte {
	t.Helper()
	all := [][]byte{{}, {0}, []byte("x")}
	for _, n := range []int{10, 255, 256, 257, 1000, 1 << 10, 1<<16 - 1, 1 << 16, 1<<16 + 1, 1<<20 + 5} {
		words := make([]string, 0, n/4)
		for i := 0; len(words) < n/4; i++ {
			words = append(words, fmt.Sprint(i*i%9973))
		}
		b, err := json.Marshal(words)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

func TestCompressor_GivesBackWhatItWasGiven(t *testing.T) {
	is := is.New(t)
	c := &zstd.Compressor{} // the zero value works
	for _, b := range append(texts(t), make([]byte, 4<<20)) {
		frame, err := c.Compress(b)
		is.NoErr(err)
		got, err := c.Decompress(frame, len(b)) // exactly at the limit
		is.NoErr(err)
		is.True(bytes.Equal(got, b))
		if len(b) > 0 {
			_, err = c.Decompress(frame, len(b)-1)
			is.Equal(err.Error(), fmt.Sprintf("zstd: holds %d bytes, and at most %d are read", len(b), len(b)-1))
		}
		_, err = c.Decompress(frame, -1)
		is.True(err != nil)
	}
}

func TestCompressor_TheSameBytesWhateverCameBefore(t *testing.T) {
	is := is.New(t)
	used := zstd.New()
	for range 2 {
		for _, b := range texts(t) {
			fresh, err := zstd.New().Compress(b)
			is.NoErr(err)
			again, err := used.Compress(b)
			is.NoErr(err)
			is.True(bytes.Equal(fresh, again))
		}
	}
}

func TestCompressor_SharesNoMemory(t *testing.T) {
	is := is.New(t)
	c, src := zstd.New(), []byte(strings.Repeat("abcdefgh", 1000))
	want := bytes.Clone(src)
	frame, err := c.Compress(src)
	is.NoErr(err)
	first := bytes.Clone(frame)
	clear(src)
	got, err := c.Decompress(frame, 1<<20)
	is.NoErr(err)
	is.True(bytes.Equal(got, want))
	clear(got)
	_, err = c.Compress(src)
	is.NoErr(err)
	_, err = c.Decompress(frame, 1<<20)
	is.NoErr(err)
	is.True(bytes.Equal(frame, first))
}

func TestCompressor_ServesManyAndStartsNothing(t *testing.T) {
	is := is.New(t)
	c, all := zstd.New(), texts(t)
	before := runtime.NumGoroutine()
	for _, b := range all {
		frame, err := c.Compress(b)
		is.NoErr(err)
		_, err = c.Decompress(frame, len(b))
		is.NoErr(err)
	}
	is.True(runtime.NumGoroutine() <= before)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range all {
				b := all[(i+j)%len(all)]
				frame, err := c.Compress(b)
				if err != nil {
					t.Error(err)
				}
				got, err := c.Decompress(frame, len(b))
				if err != nil || !bytes.Equal(got, b) {
					t.Errorf("%d bytes come back as %d: %v", len(b), len(got), err)
				}
			}
		})
	}
	wg.Wait()
}
