package msgpack

import (
	"encoding/binary"
	"fmt"
)

// Some first bytes of a value: see https://github.com/msgpack/msgpack/blob/master/spec.md.
const (
	codeNil   = 0xc0
	codeNever = 0xc1
	codeMap32 = 0xdf

	extTime = 0xff // -1, the timestamp
)

// token describes the head of a value: its length, and what follows it.
type token struct {
	head  int  // length of the head itself
	body  int  // length of the content after it
	items int  // values inside: an array's elements, or a map's keys and values
	isMap bool // the values alternate between keys and values
	isExt bool // the content begins with the extension's type, which counts as head
}

// read returns the head that b begins with.
func read(b []byte) (token, error) {
	if len(b) == 0 {
		return token{}, errCut
	}
	c := b[0]
	switch {
	case c <= 0x7f || c >= 0xe0:
		return token{head: 1}, nil
	case c <= 0x8f:
		return token{head: 1, items: 2 * int(c&0x0f), isMap: true}, nil
	case c <= 0x9f:
		return token{head: 1, items: int(c & 0x0f)}, nil
	case c <= 0xbf:
		return token{head: 1, body: int(c & 0x1f)}, nil
	}
	switch c {
	case codeNil, 0xc2, 0xc3:
		return token{head: 1}, nil
	case 0xca, 0xce, 0xd2:
		return token{head: 1, body: 4}, nil
	case 0xcb, 0xcf, 0xd3:
		return token{head: 1, body: 8}, nil
	case 0xcc, 0xd0:
		return token{head: 1, body: 1}, nil
	case 0xcd, 0xd1:
		return token{head: 1, body: 2}, nil
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		return token{head: 2, body: 1 << (c - 0xd4), isExt: true}, nil
	case codeNever:
		return token{}, fmt.Errorf("msgpack: the byte %#x begins no value", c)
	}
	return readLong(b)
}

// readLong reads a head that contains a length.
func readLong(b []byte) (token, error) {
	width := widthOfLength(b[0])
	if len(b) < 1+width {
		return token{}, errCut
	}
	var long [4]byte
	copy(long[4-width:], b[1:1+width])
	length := binary.BigEndian.Uint32(long[:])
	if uint64(length) > uint64(len(b)) { // it might not fit into an int of 32 bits
		return token{}, errCut
	}
	n := int(length)
	t := token{head: 1 + width}
	switch b[0] {
	case 0xc7, 0xc8, 0xc9:
		t.head, t.body, t.isExt = t.head+1, n, true
	case 0xdc, 0xdd:
		t.items = n
	case 0xde, codeMap32:
		t.items, t.isMap = 2*n, true
	default:
		t.body = n
	}
	return t, nil
}

func widthOfLength(c byte) int {
	switch c {
	case 0xc4, 0xc7, 0xd9:
		return 1
	case 0xc5, 0xc8, 0xda, 0xdc, 0xde:
		return 2
	}
	return 4
}
