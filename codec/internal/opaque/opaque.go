// Package opaque has the payload of bytes, which package codec's Opaque returns.
package opaque

import (
	"fmt"

	"github.com/dynasession/dynasession/codec/internal/shape"
)

// Payload is a payload of bytes. If whole isn't nil, the data has no member that the type of that
// plan doesn't know.
//
// It is a function, which no verb of fmt looks into: verbs that String doesn't answer, such as %d,
// print the fields of a struct and follow their pointers. (A Format method for fmt would collide
// with that of codec.Payload.)
type Payload func() (format string, data []byte, whole *shape.Plan)

// Of returns a payload of data that nothing is known about.
func Of(format string, data []byte) Payload {
	return func() (string, []byte, *shape.Plan) { return format, data, nil }
}

// Whole returns a payload of data that was encoded from a value of the plan's type alone.
func Whole(format string, data []byte, plan *shape.Plan) Payload {
	return func() (string, []byte, *shape.Plan) { return format, data, plan }
}

// IsWhole reports whether p is known to have no member that the plan's type doesn't know. The plan
// must not be nil.
func IsWhole(p any, plan *shape.Plan) bool {
	if p, ok := p.(Payload); ok {
		_, _, whole := p()
		return whole == plan
	}
	return false
}

// Format implements codec.Payload.
func (p Payload) Format() string {
	format, _, _ := p()
	return format
}

// Bytes implements codec.Payload.
func (p Payload) Bytes() ([]byte, error) {
	_, data, _ := p()
	return data, nil
}

// As returns the same bytes under another format.
func (p Payload) As(format string) Payload {
	_, data, whole := p()
	if whole == nil {
		return Of(format, data)
	}
	return Whole(format, data, whole)
}

// String returns the format and the size.
func (p Payload) String() string {
	format, data, _ := p()
	return fmt.Sprintf("%s payload, %d bytes", format, len(data))
}

// GoString returns the same as String.
func (p Payload) GoString() string { return p.String() }

// MarshalText returns the same as String.
func (p Payload) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
