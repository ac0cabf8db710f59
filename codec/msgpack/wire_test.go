package msgpack

import (
	"testing"

	"github.com/matryer/is"
)

func TestRead(t *testing.T) {
	for _, c := range []struct {
		b    string
		want token
	}{
		{"\x00", token{head: 1}},
		{"\xff", token{head: 1}},
		{"\x82", token{head: 1, items: 4, isMap: true}},
		{"\x93", token{head: 1, items: 3}},
		{"\xa5", token{head: 1, body: 5}},
		{"\xc0", token{head: 1}},
		{"\xc4\x07", token{head: 2, body: 7}},
		{"\xc5\x01\x00", token{head: 3, body: 256}},
		{"\xc8\x00\x03\x01", token{head: 4, body: 3, isExt: true}},
		{"\xcb", token{head: 1, body: 8}},
		{"\xd8", token{head: 2, body: 16, isExt: true}},
		{"\xdd\x00\x00\x00\x02", token{head: 5, items: 2}},
		{"\xdf\x00\x00\x00\x02", token{head: 5, items: 4, isMap: true}},
	} {
		is := is.New(t)
		got, err := read(append([]byte(c.b), make([]byte, 256)...))
		is.NoErr(err)
		is.Equal(got, c.want)
	}
	for _, b := range []string{"\xdd\xff\xff\xff\xff", "\xdf\x80\x00\x00\x00", "\xc6\xff\xff\xff\xff", "\xc9\x80\x00\x00\x00\x01"} {
		if _, err := read([]byte(b)); err == nil { // on 32 bits it may be negative
			t.Errorf("%q: a length beyond the end is read", b)
		}
	}
}
