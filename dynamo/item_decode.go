package dynamo

import (
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/sessions"
)

// decode returns the record of an item. The error is [sessions.ErrDecode] and names the attribute that is missing or
// mangled, never its value.
func (r *row) decode() (sessions.Record, error) {
	var d decoder
	rec := sessions.Record{
		Key:             d.text(attrID, r[colID]),
		Created:         d.time(attrCreated, r[colCreated]),
		Accessed:        d.time(attrAccessed, r[colAccessed]),
		IdleTimeout:     d.seconds(attrIdle, r[colIdle]),
		AbsoluteTimeout: d.seconds(attrAbsolute, r[colAbsolute]),
		Rev:             d.optionalText(attrRev, r[colRev]),
		Subject:         d.optionalText(attrSubject, r[colSubject]),
		Device: sessions.Device{
			Name: d.optionalText(attrDevice, r[colDevice]),
			IP:   d.optionalText(attrDeviceIP, r[colDeviceIP]),
		},
	}
	d.seconds(attrExpires, r[colExpires]) // of the same form; the record's own times judge it
	rec.Payload = d.payload(r[colData], d.optionalText(attrFormat, r[colFormat]))
	if d.err != nil {
		return sessions.Record{}, d.err
	}
	return rec, nil
}

// decoder reads attributes, and remembers the first that is wrong.
type decoder struct{ err error }

var errMissing = errors.New("missing")

func (d *decoder) fail(name string, reason error) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: attribute %q: %w", sessions.ErrDecode, name, reason)
	}
}

func (d *decoder) text(name string, av types.AttributeValue) string {
	if av == nil {
		d.fail(name, errMissing)
		return ""
	}
	return d.optionalText(name, av)
}

func (d *decoder) optionalText(name string, av types.AttributeValue) string {
	switch av := av.(type) {
	case nil:
		return ""
	case *types.AttributeValueMemberS:
		return av.Value
	default:
		d.fail(name, fmt.Errorf("is of type %s, not S", typeOf(av)))
		return ""
	}
}

func (d *decoder) time(name string, av types.AttributeValue) time.Time {
	s := d.text(name, av)
	if d.err != nil {
		return time.Time{}
	}
	t, err := parseTime(s)
	if err != nil {
		d.fail(name, err)
	}
	return t
}

func (d *decoder) seconds(name string, av types.AttributeValue) time.Duration {
	switch av := av.(type) {
	case nil:
		d.fail(name, errMissing)
		return 0
	case *types.AttributeValueMemberN:
		s, err := parseSeconds(av.Value)
		if err != nil {
			d.fail(name, err)
		}
		return s
	default:
		d.fail(name, fmt.Errorf("is of type %s, not N", typeOf(av)))
		return 0
	}
}

// typeOf returns DynamoDB's name for the type of av.
func typeOf(av types.AttributeValue) string {
	switch av.(type) {
	case *types.AttributeValueMemberS:
		return "S"
	case *types.AttributeValueMemberN:
		return "N"
	case *types.AttributeValueMemberB:
		return "B"
	case *types.AttributeValueMemberBOOL:
		return "BOOL"
	case *types.AttributeValueMemberNULL:
		return "NULL"
	case *types.AttributeValueMemberM:
		return "M"
	case *types.AttributeValueMemberL:
		return "L"
	case *types.AttributeValueMemberSS:
		return "SS"
	case *types.AttributeValueMemberNS:
		return "NS"
	case *types.AttributeValueMemberBS:
		return "BS"
	}
	return "unknown"
}
