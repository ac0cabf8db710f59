// Package zstd compresses payloads for [codec.Compress] with Zstandard, by klauspost/compress, in
// pure Go.
//
//	sessions.New(store, &sessions.Config[Cart]{
//		Codec: codec.Compress(codec.JSON[Cart]{}, zstd.New(), 0),
//	})
//
// It doesn't pay for items below 1 KB; docs/cost.md has the sizes from which it does.
//
// [codec.Compress]: https://pkg.go.dev/github.com/dynasession/dynasession/codec#Compress
package zstd

import (
	"bytes"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/dynasession/dynasession/codec/internal/fault"
)

// Compressor is a compressor for codec.Compress. It writes one frame of RFC 8878 with size and
// checksum, which any zstd can read. The zero value is ready to use. It is safe for concurrent use
// and starts no goroutine. It must not be copied.
//
// It keeps encoders and decoders for later calls, as many as there were concurrent calls, and drops
// unused ones; an encoder takes about 0.6 MB. One Compressor may serve several codecs.
type Compressor struct {
	encoders, decoders sync.Pool
}

// New returns a Compressor.
func New() *Compressor { return &Compressor{} }

// Name returns "zstd".
func (*Compressor) Name() string { return "zstd" }

// Compress returns src as one frame, in new memory. One version of this package always returns the
// same frame for the same src.
func (c *Compressor) Compress(src []byte) (frame []byte, err error) {
	defer func() {
		if p := fault.Panicked(recover(), "zstd: can't be compressed"); p != nil {
			frame, err = nil, p
		}
	}()
	e, _ := c.encoders.Get().(*zstd.Encoder)
	if e == nil {
		e, err = zstd.NewWriter(
			nil,
			zstd.WithEncoderConcurrency(1), // one encoder; EncodeAll starts no goroutine
			// A session is at most a percent smaller at the next, for a third more time and three
			// times the memory.
			zstd.WithEncoderLevel(zstd.SpeedFastest),
			// Compress literals without repetitions, as in small payloads.
			zstd.WithAllLitEntropyCompression(true),

			zstd.WithWindowSize(window),
			zstd.WithSingleSegment(true), // the frame declares its size
			zstd.WithEncoderCRC(true),
		)
		if err != nil {
			return nil, fault.Custom(err, "zstd: no encoder")
		}
	}
	frame = bytes.Clone(e.EncodeAll(src, nil)) // EncodeAll allocates room for all of src
	if len(src) <= mostBlock {                 // an encoder keeps its input in memory
		c.encoders.Put(e) // not after a panic
	}
	return frame, nil
}

// window is how far back the encoder finds repetitions, in bytes.
const window = 1 << 20

// Decompress returns the content of frame, in new memory. It returns an error if the content has
// more than limit bytes, before it allocates them, if frame is not exactly one frame, or if the
// checksum differs.
func (c *Compressor) Decompress(frame []byte, limit int) (plain []byte, err error) {
	defer func() {
		if p := fault.Panicked(recover(), "zstd: can't be decompressed"); p != nil {
			plain, err = nil, p
		}
	}()
	size, err := check(frame, limit)
	if err != nil {
		return nil, err
	}
	var room []byte
	if size > mostBlock {
		// The decoder notices only after a block that it was too much, so there is room for one
		// more block; otherwise the decoder would allocate everything again. A declared size counts
		// only up to what the blocks in the frame, each of at least 4 bytes, can hold.
		room = make([]byte, 0, (min(size/mostBlock, len(frame)/4)+2)*mostBlock)
	}
	d, _ := c.decoders.Get().(*zstd.Decoder)
	if d == nil {
		d, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1)) // starts no goroutine either
		if err != nil {
			return nil, fault.Custom(err, "zstd: no decoder")
		}
	}
	plain, err = d.DecodeAll(frame, room)
	c.decoders.Put(d)
	if err != nil {
		return nil, fault.New(err, "zstd: the frame is damaged")
	}
	return plain, nil
}
