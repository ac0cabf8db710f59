package item

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

func marker() driver.Marker {
	return driver.Marker{
		Why: driver.Renewed, Next: "n", Rev: "m",
		At: time.Date(2126, 3, 1, 9, 30, 0, 123456000, time.UTC), Until: time.Date(2126, 3, 1, 9, 45, 0, 0, time.UTC),
	}
}

func TestMarker_ComesBackWhole(t *testing.T) {
	is := is.New(t)
	for _, m := range []driver.Marker{marker(), {Why: "of tomorrow", Rev: "m", At: marker().At, Until: marker().Until}} {
		it, err := EncodeMarker("k", m)
		is.NoErr(err)
		got, ended := MarkerOf(it)
		is.True(ended)
		is.Equal(got, m)
		_, err = Record(it)
		var e *driver.EndedError
		is.True(errors.As(err, &e))
		is.Equal(e.Marker, m)
		is.Equal(Remains(it), driver.Record{}) // a marker has nothing of a record
	}
}

// isPhantomD9a2104 is the function by which versions before markers recognise what Python's touch
// leaves, which they don't take for a session. It must be true for every marker.
func isPhantomD9a2104(it Item) bool {
	for _, name := range []string{"data", "idle_timeout", "absolute_timeout", "rev"} {
		if it[name] != nil {
			return false
		}
	}
	return it["accessed"] != nil && it["expires"] != nil
}

func TestMarker_IsNoSessionForVersionsThatDoNotKnowIt(t *testing.T) {
	is := is.New(t)
	it, err := EncodeMarker("k", marker())
	is.NoErr(err)
	is.True(isPhantomD9a2104(it))
}

// A marker means that the session has ended, even if its attributes are mangled.
func TestMarker_Mangled(t *testing.T) {
	for _, it := range []Item{
		{"id": Text("k"), "ended": Text("renewed")},
		{"id": Text("k"), "ended": Number("1"), "accessed": Text("recently"), "expires": Text("soon")},
	} {
		_, err := Record(it)
		wants.Err(t, err, driver.ErrEnded)
	}
}

func TestMarker_ThatCannotBeStored(t *testing.T) {
	for want, spoil := range map[string]func(*driver.Marker){
		"a Marker needs a Why and a Rev": func(m *driver.Marker) { m.Rev = "" },
		"a Marker needs a Why":           func(m *driver.Marker) { m.Why = "" },
		"Marker.At: year 10000":          func(m *driver.Marker) { m.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			m := marker()
			spoil(&m)
			_, err := EncodeMarker("k", m)
			is.True(err != nil && strings.Contains(err.Error(), want))
		})
	}
	_, err := EncodeMarker("", marker())
	is.New(t).True(err != nil)
}
