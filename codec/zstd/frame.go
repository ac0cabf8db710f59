package zstd

import (
	"github.com/klauspost/compress/zstd"

	"github.com/dynasession/dynasession/codec/internal/fault"
)

// The header of a block (RFC 8878, 3.1.1.2): whether it is the last, its type and its size.
const (
	blockHead     = 3
	blockRepeated = 1 // one byte, repeated
	blockReserved = 3
)

const checksumSize = 4

// mostBlock is the largest content of a block, in bytes.
const mostBlock = 128 << 10

var errCut = fault.New(nil, "zstd: ends before the frame does")

// check returns the content size that b declares. It returns an error unless b is exactly one whole
// frame and its content has at most limit bytes. The decoder itself would accept several frames in
// a row, skippable frames, a few bytes after the last, and a frame without a size.
func check(b []byte, limit int) (size int, err error) {
	var h zstd.Header
	err = h.Decode(b)
	switch {
	case err != nil:
		return 0, fault.New(err, "zstd: no frame begins here")
	case h.Skippable || h.DictionaryID != 0:
		return 0, fault.New(nil, "zstd: a frame of a kind that is never written")
	case !h.HasFCS:
		return 0, fault.New(nil, "zstd: the frame doesn't tell its size")
	case limit < 0 || h.FrameContentSize > uint64(limit):
		return 0, fault.New(nil, "zstd: holds %d bytes, and at most %d are read", h.FrameContentSize, limit)
	}
	end := h.HeaderSize
	for last := false; !last; {
		if len(b)-end < blockHead {
			return 0, errCut
		}
		head := int(b[end]) | int(b[end+1])<<8 | int(b[end+2])<<16
		kind, length := head>>1&3, head>>3
		switch kind {
		case blockRepeated:
			length = 1
		case blockReserved:
			return 0, fault.New(nil, "zstd: the frame is damaged")
		}
		end += blockHead + length
		last = head&1 == 1
	}
	if h.HasCheckSum {
		end += checksumSize
	}
	switch {
	case end > len(b):
		return 0, errCut
	case end < len(b):
		return 0, fault.New(nil, "zstd: more follows the frame")
	}
	return int(h.FrameContentSize), nil
}
