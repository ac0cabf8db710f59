// Package opaque has the type of the payloads that package codec's Opaque returns.
package opaque

import (
	"fmt"

	"github.com/dynasession/dynasession/codec/internal/shape"
)

// Payload is a payload of bytes. If whole isn't nil, the data has no member that is unknown to the
// type of that plan.
//
// It is a function, so that no verb of fmt prints the data: verbs that don't call String, such as
// %d, print the fields of a struct and follow their pointers. (A Format method for fmt would clash
// with the one of codec.Payload.)
type Payload func() (format string, data []byte, whole *shape.Plan)

// Of returns a payload of data that may have unknown members.
func Of(format string, data []byte) Payload {
	return func() (string, []byte, *shape.Plan) { return format, data, nil }
}

// Whole returns a payload of data that was encoded only from a value of the plan's type.
func Whole(format string, data []byte, plan *shape.Plan) Payload {
	return func() (string, []byte, *shape.Plan) { return format, data, plan }
}

// IsWhole reports whether p certainly has no member that is unknown to the plan's type. The plan
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
