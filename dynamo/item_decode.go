package dynamo

import (
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/sessions"
)

// decodeItem returns the record of an item. The error is [sessions.ErrDecode] and names the attribute that is missing or
// mangled, never its value. What the table holds besides is left alone.
func decodeItem(it item) (sessions.Record, error) {
	d := decoder{item: it}
	rec := sessions.Record{
		Key:             d.text(attrID),
		Created:         d.time(attrCreated),
		Accessed:        d.time(attrAccessed),
		IdleTimeout:     d.seconds(attrIdle),
		AbsoluteTimeout: d.seconds(attrAbsolute),
		Rev:             d.optionalText(attrRev),
		Subject:         d.optionalText(attrSubject),
		Device:          sessions.Device{Name: d.optionalText(attrDevice), IP: d.optionalText(attrDeviceIP)},
	}
	d.seconds(attrExpires) // of the same form; the record's own times judge it
	rec.Payload = d.payload()
	if d.err != nil {
		return sessions.Record{}, d.err
	}
	return rec, nil
}

// decoder reads attributes until one is wrong.
type decoder struct {
	item item
	err  error
}

var errMissing = errors.New("missing")

func (d *decoder) fail(name string, reason error) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: attribute %q: %w", sessions.ErrDecode, name, reason)
	}
}

func (d *decoder) text(name string) string {
	if d.item[name] == nil {
		d.fail(name, errMissing)
		return ""
	}
	return d.optionalText(name)
}

func (d *decoder) optionalText(name string) string {
	switch av := d.item[name].(type) {
	case nil:
		return ""
	case *types.AttributeValueMemberS:
		return av.Value
	default:
		d.fail(name, fmt.Errorf("is of type %s, not S", typeOf(av)))
		return ""
	}
}

func (d *decoder) time(name string) time.Time {
	s := d.text(name)
	if d.err != nil {
		return time.Time{}
	}
	t, err := parseTime(s)
	if err != nil {
		d.fail(name, err)
	}
	return t
}

func (d *decoder) seconds(name string) time.Duration {
	switch av := d.item[name].(type) {
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
