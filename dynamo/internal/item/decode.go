package item

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/sessions/driver"
)

// Record returns what a Load returns for an item: the record; [driver.ErrNotFound] if there is
// none, a [*driver.EndedError] for a marker, or [driver.ErrDecode], which names the attribute that
// is missing or mangled, never its value.
func Record(it Item) (driver.Record, error) {
	if err := Absence(it); err != nil {
		return driver.Record{}, err
	}
	rec, err := decode(it)
	if err != nil {
		return driver.Record{}, err
	}
	return rec, nil
}

// Absence returns the error of an item that is not a record, or nil if it is one, even a mangled
// one.
func Absence(it Item) error {
	if m, ended := MarkerOf(it); ended {
		return &driver.EndedError{Marker: m}
	}
	if len(it) == 0 || isPhantom(it) {
		return driver.ErrNotFound
	}
	return nil
}

// isPhantom reports whether an item has only times, as dynamodb-session-web leaves it when it
// touches a session that was destroyed before. To versions of this package that don't know markers,
// markers are phantoms too.
func isPhantom(it Item) bool {
	for _, a := range []attr{data, idleTimeout, absoluteTimeout, rev} {
		if it[names[a]] != nil {
			return false
		}
	}
	return it[names[accessed]] != nil && it[names[expires]] != nil
}

// Remains returns the readable part of an item's record, or the zero Record if it is not a record.
func Remains(it Item) driver.Record {
	if Absence(it) != nil {
		return driver.Record{}
	}
	rec, _ := decode(it)
	return rec
}

// decode returns the readable part of an item's record, and an error that names the first attribute
// that can't be read.
func decode(it Item) (driver.Record, error) {
	d := decoder{it: it}
	rec := driver.Record{
		Key:             d.text(names[id]),
		Created:         d.time(names[created]),
		Accessed:        d.time(names[accessed]),
		IdleTimeout:     d.seconds(names[idleTimeout]),
		AbsoluteTimeout: d.seconds(names[absoluteTimeout]),
		Rev:             d.optionalText(names[rev]),
		Subject:         d.optionalText(names[subject]),
		Application:     d.optionalText(names[application]),
		Federated:       d.optionalText(names[federated]),
		Device:          driver.Device{Name: d.optionalText(names[device]), IP: d.optionalText(names[deviceIP])},
		Persist:         d.optionalBool(names[persist]),
		Page:            d.optionalInt(names[page]),
		FederatedPage:   d.optionalInt(names[federatedPage]),
		Binding:         d.optionalBytes(names[binding]),
	}
	// Must have the right form; the times above decide when the record expires.
	d.epoch(names[expires])
	rec.Payload = d.payload(it[names[data]], d.optionalText(names[format]))
	return rec, d.err
}

// Rev returns an item's rev, "" if it has none.
func Rev(it Item) string {
	s, _ := it[names[rev]].(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}

// IsOwnWrite reports whether the write with this rev was the last of an item. No write has the rev
// "".
func IsOwnWrite(it Item, rev string) bool { return rev != "" && Rev(it) == rev }

// Accessed returns when an item was last accessed, and the stored text.
func Accessed(it Item) (at time.Time, text string) {
	d := decoder{it: it}
	text = d.text(names[accessed])
	return d.time(names[accessed]), text
}

// Binding returns an item's binding, nil if it has none.
func Binding(it Item) []byte {
	d := decoder{it: it}
	return d.optionalBytes(names[binding])
}

// decoder reads attributes of an item, and keeps the first error.
type decoder struct {
	it  Item
	err error
}

var errMissing = errors.New("missing")

func (d *decoder) fail(name string, reason error) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: attribute %q: %w", driver.ErrDecode, name, reason)
	}
}

func (d *decoder) mistyped(name string, av types.AttributeValue, want string) {
	d.fail(name, fmt.Errorf("is of type %s, not %s", attribute.TypeName(av), want))
}

func (d *decoder) text(name string) string {
	if d.it[name] == nil {
		d.fail(name, errMissing)
		return ""
	}
	return d.optionalText(name)
}

func (d *decoder) optionalText(name string) string {
	switch av := d.it[name].(type) {
	case nil:
	case *types.AttributeValueMemberS:
		return av.Value
	default:
		d.mistyped(name, av, "S")
	}
	return ""
}

func (d *decoder) optionalBool(name string) bool {
	switch av := d.it[name].(type) {
	case nil:
	case *types.AttributeValueMemberBOOL:
		return av.Value
	default:
		d.mistyped(name, av, "BOOL")
	}
	return false
}

func (d *decoder) optionalBytes(name string) []byte {
	switch av := d.it[name].(type) {
	case nil:
	case *types.AttributeValueMemberB:
		return av.Value
	default:
		d.mistyped(name, av, "B")
	}
	return nil
}

// number returns the text of a number, and whether there is one.
func (d *decoder) number(name string) (string, bool) {
	switch av := d.it[name].(type) {
	case nil:
	case *types.AttributeValueMemberN:
		return av.Value, true
	default:
		d.mistyped(name, av, "N")
	}
	return "", false
}

var errNotWhole = errors.New("not a whole number")

func (d *decoder) optionalInt(name string) int64 {
	text, ok := d.number(name)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		d.fail(name, errNotWhole)
	}
	return n
}

func (d *decoder) time(name string) time.Time {
	s := d.text(name)
	if s == "" {
		d.fail(name, errNotUTC)
		return time.Time{}
	}
	t, err := parseTime(s)
	if err != nil {
		d.fail(name, err)
	}
	return t
}

// seconds returns a duration.
func (d *decoder) seconds(name string) time.Duration {
	if d.it[name] == nil {
		d.fail(name, errMissing)
		return 0
	}
	text, ok := d.number(name)
	if !ok {
		return 0
	}
	s, err := parseSeconds(text)
	if err != nil {
		d.fail(name, err)
	}
	return s
}

// epoch returns a moment, given in seconds since 1970.
func (d *decoder) epoch(name string) time.Time {
	if d.it[name] == nil {
		d.fail(name, errMissing)
		return time.Time{}
	}
	return time.Unix(d.optionalInt(name), 0).UTC()
}
