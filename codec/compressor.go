package codec

import (
	"bytes"
	"errors"
	"strings"

	"github.com/dynasession/dynasession/codec/internal/fault"
)

// Compressor compresses and decompresses bytes for [Compress]. Package codec/zstd has one. It is
// safe for concurrent use.
//
// The codec doesn't repeat the text of its errors in its own, except those of codec/zstd.
type Compressor interface {
	// Name returns the name of the method, such as "zstd". It is part of the stored format, so it
	// must not be empty and must never change.
	Name() string

	// Compress returns src compressed, in new memory. The result may be longer than src. The same
	// src must give the same bytes.
	Compress(src []byte) ([]byte, error)

	// Decompress returns what Compress was given, in new memory. If src is damaged or malicious it
	// returns an error and doesn't panic. It also returns an error if the result would have more
	// than limit bytes, and must not allocate much more than limit to find out.
	Decompress(src []byte, limit int) ([]byte, error)
}

// shrink returns b compressed. It turns a panic into an error, since a Compressor may be a nil
// pointer.
func shrink(by Compressor, b []byte) (small []byte, err error) {
	defer func() {
		if p := fault.Panicked(recover(), "Compress: can't be compressed"); p != nil {
			small, err = nil, p
		}
	}()
	if small, err = by.Compress(b); err != nil {
		return nil, compressorError(err, "can't be compressed")
	}
	return small, nil
}

// expand returns the b that shrink has compressed.
func expand(by Compressor, b []byte) (plain []byte, err error) {
	defer func() {
		if p := fault.Panicked(recover(), "Compress: can't be decompressed"); p != nil {
			plain, err = nil, p
		}
	}()
	if plain, err = by.Decompress(b, mostDecompressed); err != nil {
		return nil, compressorError(err, "can't be decompressed")
	}
	if len(plain) > mostDecompressed {
		return nil, fault.New(nil, "Compress: can't be decompressed: has %d bytes, and at most %d are read", len(plain), mostDecompressed)
	}
	return plain, nil
}

func compressorError(err error, doing string) error {
	var ours *fault.Error
	if errors.As(err, &ours) {
		return fault.New(err, "Compress: %s: %v", doing, ours)
	}
	return fault.Custom(err, "Compress: "+doing)
}

// nameOf returns the name of by, which may be nil. It turns a panic into an error, since by may be
// a nil pointer.
func nameOf(by Compressor) (name string, err error) {
	if by == nil {
		return "", nil
	}
	defer func() {
		if p := fault.Panicked(recover(), "Compress: by has no name"); p != nil {
			name, err = "", p
		}
	}()
	if name = by.Name(); name == "" {
		return "", errors.New("Compress: by has no name")
	}
	return name, nil
}

// try checks that by compresses and decompresses a short text.
func try(by Compressor) error {
	probe := []byte(strings.Repeat("dynasession ", 100))
	small, err := shrink(by, probe)
	if err != nil {
		return err
	}
	plain, err := expand(by, small)
	if err != nil {
		return err
	}
	if !bytes.Equal(plain, probe) {
		return errors.New("Compress: by doesn't give back what it was given")
	}
	return nil
}
