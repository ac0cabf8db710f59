package msgpack

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxDepth is how deep values may be nested. encoding/json has the same bound.
const maxDepth = 10000

var errCut = errors.New("msgpack: ends before the value does")

// harmless returns b if it is exactly one value of MessagePack, and otherwise an error. The decoder
// allocates room for each length that it reads, so five bytes could exhaust the memory. harmless
// refuses lengths beyond the end of b.
//
// There is one more way to such a length: if it expects a map, the decoder skips the head of an
// extension and continues in its content. The content of a timestamp may begin like a map, so
// harmless returns timestamps in their longest form, whose content can't.
//
// It also returns the span of the whole numbers in b.
func harmless(b []byte) (good []byte, numbers span, err error) {
	var room [16]int
	open := room[:0] // how many values are still to come at each outer level
	left := 1        // and at the current level
	var rewritten []byte
	from, at := 0, 0
	for {
		for left == 0 {
			if len(open) == 0 {
				return finish(b, at, from, rewritten, numbers)
			}
			left, open = open[len(open)-1], open[:len(open)-1]
		}
		left--
		if at < len(b) && b[at] <= 0x7f { // a small number
			at++
			continue
		}
		t, err := read(b[at:])
		if err != nil {
			return nil, numbers, err
		}
		end := at + t.head + t.body
		if end > len(b) || t.items > len(b)-end {
			return nil, numbers, errCut
		}
		if c := b[at]; c >= 0xe0 || (c >= 0xcc && c <= 0xd3) {
			numbers.add(b[at:end])
		}
		if t.isExt && t.body > 0 && b[at+t.head] == codeMap32 {
			long, err := longTimestamp(b[at:end], t)
			if err != nil {
				return nil, numbers, err
			}
			rewritten = append(append(rewritten, b[from:at]...), long...)
			from = end
		}
		if t.items > 0 {
			if len(open)+1 >= maxDepth {
				return nil, numbers, fmt.Errorf("msgpack: is nested deeper than %d levels", maxDepth)
			}
			open, left = append(open, left), t.items
		}
		at = end
	}
}

func finish(b []byte, at, from int, rewritten []byte, numbers span) ([]byte, span, error) {
	if at != len(b) {
		return nil, numbers, errors.New("msgpack: more follows the value")
	}
	if rewritten == nil {
		return b, numbers, nil
	}
	return append(rewritten, b[from:]...), numbers, nil
}

// longTimestamp returns a timestamp of 4 or 8 bytes as one of 12.
func longTimestamp(ext []byte, t token) ([]byte, error) {
	content := ext[t.head:]
	var seconds, nanoseconds uint64
	switch {
	case ext[t.head-1] == extTime && len(content) == 4:
		seconds = uint64(binary.BigEndian.Uint32(content))
	case ext[t.head-1] == extTime && len(content) == 8:
		both := binary.BigEndian.Uint64(content)
		seconds, nanoseconds = both&(1<<34-1), both>>34
	default:
		return nil, errors.New("msgpack: an extension that looks like a map")
	}
	out := []byte{0xc7, 12, extTime}
	out = binary.BigEndian.AppendUint32(out, uint32(nanoseconds))
	return binary.BigEndian.AppendUint64(out, seconds), nil
}
