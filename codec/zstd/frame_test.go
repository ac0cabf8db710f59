package zstd_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	klauspost "github.com/klauspost/compress/zstd"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/zstd"
)

const magic = "\x28\xb5\x2f\xfd"

// claims returns a frame of one segment that declares n bytes of content, followed by blocks.
func claims(n uint64, blocks ...string) []byte {
	frame := binary.LittleEndian.AppendUint64([]byte(magic+"\xe0"), n)
	return append(frame, strings.Join(blocks, "")...)
}

// block returns a block of a kind. For a repeated byte, size is the number of repetitions.
func block(last bool, kind, size int, content string) string {
	head := size<<3 | kind<<1
	if last {
		head |= 1
	}
	return string([]byte{byte(head), byte(head >> 8), byte(head >> 16)}) + content
}

func TestDecompress_WhatIsNoWholeFrame(t *testing.T) {
	is := is.New(t)
	c := zstd.New()
	frame, err := c.Compress([]byte(strings.Repeat("s3cret ", 300)))
	is.NoErr(err)
	skipped := "\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
	for name, b := range map[string][]byte{
		"nothing":                       nil,
		"text":                          []byte(`{"s3cret":1}`),
		"its magic alone":               []byte(magic),
		"a frame twice":                 append(bytes.Clone(frame), frame...),
		"a byte after it":               append(bytes.Clone(frame), 0),
		"three bytes after it":          append(bytes.Clone(frame), 1, 2, 3),
		"a skipped frame after it":      append(bytes.Clone(frame), skipped...),
		"a skipped frame before it":     append([]byte(skipped), frame...),
		"a skipped frame":               []byte(skipped),
		"another dictionary":            []byte(magic + "\x21\x07\x01" + block(true, 0, 1, "x")),
		"no size":                       []byte(magic + "\x00\x58" + block(true, 0, 1, "x")),
		"a reserved block":              claims(1, block(true, 3, 1, "x")),
		"more than it says":             claims(1, block(true, 1, 2, "x")),
		"less than it says":             claims(3, block(true, 1, 2, "x")),
		"a block without an end":        claims(1, block(false, 1, 1, "x")),
		"a block of more than there is": claims(100, block(true, 0, 100, "x")),
		"a huge block":                  claims(1<<20, block(true, 1, 1<<20, "x")),
	} {
		_, err := c.Decompress(b, 1<<22)
		if err == nil {
			t.Errorf("%s is taken", name)
			continue
		}
		is.True(!strings.Contains(err.Error(), "s3cret"))
		is.True(strings.HasPrefix(err.Error(), "zstd: "))
	}
	for want, b := range map[string][]byte{
		"zstd: a frame of a kind that is never written": []byte(magic + "\x21\x07\x01" + block(true, 0, 1, "x")),
		"zstd: the frame doesn't tell its size":         []byte(magic + "\x00\x58" + block(true, 0, 1, "x")),
		// Within the checksum.
		"zstd: ends before the frame does":                                    frame[:len(frame)-1],
		"zstd: more follows the frame":                                        append(bytes.Clone(frame), 0),
		"zstd: holds 9223372036854775808 bytes, and at most 4194304 are read": claims(1<<63, block(true, 1, 1, "x")),
	} {
		_, err := c.Decompress(b, 1<<22)
		is.Equal(err.Error(), want)
	}
	for i := range frame {
		_, err := c.Decompress(frame[:i], 1<<22)
		is.True(err != nil) // cut at any place
		for bit := range 8 {
			flipped := bytes.Clone(frame)
			flipped[i] ^= 1 << bit
			got, err := c.Decompress(flipped, 1<<22)
			// The checksum finds what the format doesn't, except for a few bits without meaning.
			is.True(err != nil || bytes.Equal(got, []byte(strings.Repeat("s3cret ", 300))))
		}
	}
	got, err := c.Decompress(claims(2, block(true, 1, 2, "x")), 2)
	is.NoErr(err) // the helpers above make valid frames
	is.Equal(string(got), "xx")
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestDecompress_BombsTakeNoMoreThanTheLimit(t *testing.T) {
	is := is.New(t)
	c := zstd.New()
	const limit = 4 << 20
	_, err := c.Decompress(claims(1, block(true, 1, 1, "x")), limit) // c has a decoder now
	is.NoErr(err)

	big, err := c.Compress(make([]byte, 1<<25)) // a few kilobytes
	is.NoErr(err)
	is.True(len(big) < 10_000)
	var many []string
	for range 1 << 13 { // 32 KB that expand to 1 GB
		many = append(many, block(false, 1, 1<<17, "x"))
	}
	many = append(many, block(true, 1, 1, "x"))
	for name, b := range map[string][]byte{
		"what it says":             big,
		"more than memory":         claims(1<<62, block(true, 1, 1, "x")),
		"negative in an int":       claims(1<<63, block(true, 1, 1, "x")),
		"all there is":             claims(1<<64-1, block(true, 1, 1, "x")),
		"just too much":            claims(limit+1, block(true, 1, 1, "x")),
		"more than it says":        claims(limit, many...),
		"much more than it says":   claims(1, many...),
		"a window of 3.75 TB":      []byte(magic + "\x80\xff\x01\x00\x00\x00" + block(true, 1, 1, "x")),
		"a window and much inside": append([]byte(magic+"\x80\x98\x01\x00\x00\x00"), strings.Join(many, "")...),
	} {
		var err error
		// In addition to the limit, a new decoder allocates its tables.
		if n := allocated(func() { _, err = c.Decompress(b, limit) }); n > limit+1<<20 {
			t.Errorf("%s: %d bytes are allocated", name, n)
		}
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	// Nor for a declared size.
	is.True(allocated(func() { _, err = c.Decompress(claims(limit, block(true, 1, 1, "x")), limit) }) < 1<<20)
	is.True(err != nil)
	text := codec.Compress[string](codec.JSON[string]{}, c, 0)
	var failed error
	is.True(allocated(func() { _, failed = text.Decode(codec.Opaque("zstd+json", big)) }) < 1<<20)
	is.Equal(failed.Error(), "Compress: can't be decompressed: zstd: holds 33554432 bytes, and at most 4194304 are read")
}

// Decompress reads frames of any zstd that have a size.
func TestDecompress_FramesOfOthers(t *testing.T) {
	is := is.New(t)
	src := []byte(strings.Repeat("abcdefgh", 500) + "ijkl")
	for level := klauspost.SpeedFastest; level <= klauspost.SpeedBestCompression; level++ {
		e, err := klauspost.NewWriter(
			nil, klauspost.WithEncoderConcurrency(1),
			klauspost.WithEncoderLevel(level), klauspost.WithSingleSegment(level%2 == 0), klauspost.WithEncoderCRC(false),
		)
		is.NoErr(err)
		got, err := zstd.New().Decompress(e.EncodeAll(src, nil), len(src))
		is.NoErr(err)
		is.True(bytes.Equal(got, src))
	}
	// A frame of the reference implementation, made with zstd -19.
	frame, err := hex.DecodeString("28b52ffd643500ad0200c2430d11a06f28020b45a8fe4084bcc98e7cfd2f4277f99b7682bef420e789b718e4c53bb89db8cec8803bb03639317d92ad" +
		"4a2c619b8e6d0fa01040bdff67a0a363e6a6aed76bb5d6ce1af2bbfc96c47b57cbd9142c5433e2")
	is.NoErr(err)
	got, err := zstd.New().Decompress(frame, 1<<10)
	is.NoErr(err)
	var cart struct{ Items []struct{ SKU string } }
	is.NoErr(json.Unmarshal(got, &cart))
	is.Equal(len(cart.Items), 12)
	is.Equal(cart.Items[11].SKU, "tea-3")
}

func FuzzDecompress(f *testing.F) {
	c := zstd.New()
	for _, s := range []string{"", "x", strings.Repeat("abc", 100), strings.Repeat("abcdefgh", 5000)} {
		b, err := c.Compress([]byte(s))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(claims(1<<20, block(true, 1, 1<<20, "x")))
	f.Add([]byte(magic + "\x80\x98\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 1 << 16
		plain, err := c.Decompress(b, limit)
		if err != nil {
			return
		}
		if len(plain) > limit {
			t.Fatalf("%d bytes", len(plain))
		}
		again, err := c.Compress(plain)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Decompress(again, limit); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("doesn't come back: %v", err)
		}
	})
}
