package msgpack

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/matryer/is"
	"github.com/vmihailenco/msgpack/v5"
)

func TestHarmless_TakesWhatTheEncoderWrites(t *testing.T) {
	for _, v := range []any{
		nil, true, 1, -1, 127, 128, -32, -33, 1 << 15, int64(1 << 31), int64(1 << 40), int64(-(1 << 40)), uint64(1<<64 - 1), 1.5, float32(1.5),
		"", "x", string(make([]byte, 31)), string(make([]byte, 32)), string(make([]byte, 1<<8)), string(make([]byte, 1<<16)),
		[]byte{},
		make([]byte, 1<<8), make([]byte, 1<<16), time.Unix(0, 0), time.Unix(1, 1),
		time.Time{},
		[]int{},
		make([]int, 15), make([]int, 16), make([]int, 1<<16),
		map[string]int{},
		map[string][]any{"a": {nil, "x"}},
	} {
		is := is.New(t)
		b, err := msgpack.Marshal(v)
		is.NoErr(err)
		got, _, err := harmless(b)
		is.NoErr(err)
		is.True(bytes.Equal(got, b))
		for _, cut := range [][]byte{b[:len(b)-1], b[:len(b)/2]} {
			_, _, err = harmless(cut)
			is.True(err != nil)
		}
		_, _, err = harmless(append(b, 0xc0))
		is.True(err != nil)
	}
}

func TestHarmless_RefusesLengthsThatAreNotThere(t *testing.T) {
	for _, b := range []string{
		"\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\xdc\x00\x02\xc0", "\xde\x00\x01\xc0", "\xc6\xff\xff\xff\xff", "\xdb\x7f\xff\xff\xff",
		"\xc9\xff\xff\xff\xff\x01", "\x92\xc0", "\x81\xc0", "\xa1", "\xc1", "", "\xd9", "\xc7\x01", "\xd8",
	} {
		if _, _, err := harmless([]byte(b)); err == nil {
			t.Errorf("%q is taken", b)
		}
	}
}

func TestHarmless_BoundsTheDepth(t *testing.T) {
	is := is.New(t)
	nested := func(n int) []byte { return append(bytes.Repeat([]byte{0x91}, n), 0xc0) }
	_, _, err := harmless(nested(maxDepth - 1))
	is.NoErr(err)
	_, _, err = harmless(nested(maxDepth))
	is.Equal(err.Error(), "msgpack: is nested deeper than 10000 levels")
}

func TestHarmless_RewritesATimestampThatLooksLikeAMap(t *testing.T) {
	moments := []time.Time{time.Unix(0xdfffffff, 0), time.Unix(1, 0xdf<<22), time.Unix(1<<34-1, 0xdf<<22|7)}
	for _, moment := range moments {
		is := is.New(t)
		one, err := msgpack.Marshal(moment)
		is.NoErr(err)
		is.True(bytes.Contains(one, []byte{codeMap32}))
		b := append(append([]byte{0x93, 0x01}, one...), one...)
		got, _, err := harmless(b)
		is.NoErr(err)
		is.Equal(len(got), 2+2*15)
		var back []any
		is.NoErr(msgpack.Unmarshal(got, &back))
		is.True(back[1].(time.Time).Equal(moment))
		is.True(back[2].(time.Time).Equal(moment))
	}
	is := is.New(t)
	ext := binary.BigEndian.AppendUint64([]byte{0xd7, 5}, 0xdfffffffffffffff)
	_, _, err := harmless(ext)
	is.True(err != nil)
}
