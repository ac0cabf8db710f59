package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

// markers are the markers in the files of testdata, far in the future, so that no engine sweeps
// them.
var markers = map[string]driver.Marker{
	"renewed": {
		Why: driver.Renewed, Next: "7c211433f02071597741e6ff5a8ea34789abbf43b32ec1e5b0a5ba9c33d0e2aa", Rev: "0123456789abcdef",
		At: time.Date(2126, 3, 1, 9, 30, 0, 123456000, time.UTC), Until: time.Date(2126, 3, 1, 9, 45, 0, 0, time.UTC),
	},
	"destroyed": {
		Why: driver.Destroyed, Rev: "0123456789abcdef",
		At: time.Date(2126, 3, 1, 9, 30, 0, 0, time.UTC), Until: time.Date(2126, 3, 1, 9, 45, 0, 0, time.UTC),
	},
}

// goldenItem compares the item stored under key with a file, and returns the file's item.
func goldenItem(t *testing.T, p place, key, name string) map[string]types.AttributeValue {
	t.Helper()
	is := is.New(t)
	got := dynamoJSON(t, p.item(t, key))
	file := filepath.Join("testdata", "items", name+".json")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		is.NoErr(os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	is.NoErr(err)
	is.Equal(string(got), string(want))
	return fromJSON(t, want)
}

// A marker is stored for a few minutes only, but during a deploy earlier and later versions read
// it.
func TestMarker_Golden(t *testing.T) {
	for name, m := range markers {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			p := newPlace(t)
			rec := record("4ee055b8")
			rec.Subject, rec.Binding = "user-1", []byte{1}
			is.NoErr(p.Create(t.Context(), rec))
			old, err := p.End(t.Context(), driver.End{Key: rec.Key, Marker: m})
			is.NoErr(err)
			is.Equal(old.Subject, "user-1")
			item := goldenItem(t, p, rec.Key, "marker_"+name)

			// For versions without markers, an item that has accessed and expires but
			// none of these is not a session.
			for _, attribute := range []string{"data", "idle_timeout", "absolute_timeout", "rev"} {
				is.True(item[attribute] == nil)
			}
			is.True(item["accessed"] != nil && item["expires"] != nil)

			back := newPlace(t)
			back.put(t, item)
			_, err = back.Load(t.Context(), rec.Key)
			var ended *driver.EndedError
			is.True(errors.As(err, &ended))
			is.Equal(ended.Marker, m)
		})
	}
}

// No later call changes a marker.
func TestMarker_Stays(t *testing.T) {
	m := markers["renewed"]
	other := markers["destroyed"]
	other.Rev = "another"
	rec := record("k")
	calls := map[string]func(p place) error{
		"Load":    func(p place) error { _, err := p.Load(t.Context(), "k"); return err },
		"Create":  func(p place) error { return p.Create(t.Context(), rec) },
		"Replace": func(p place) error { return p.Replace(t.Context(), rec, "first") },
		"Replace of one without rev": func(p place) error {
			return p.Replace(t.Context(), rec, "")
		},
		"Touch": func(p place) error {
			return p.Touch(t.Context(), "k", m.At.Add(time.Hour), m.Until.Add(time.Hour))
		},
		"Bind":   func(p place) error { return p.Bind(t.Context(), "k", []byte{1}, nil) },
		"Unbind": func(p place) error { return p.Bind(t.Context(), "k", nil, nil) },
		"End":    func(p place) error { _, err := p.End(t.Context(), driver.End{Key: "k", Marker: other}); return err },
		"End if": func(p place) error {
			_, err := p.End(t.Context(), driver.End{Key: "k", Marker: other, If: &driver.State{Rev: "first"}})
			return err
		},
		"End if absent": func(p place) error {
			_, err := p.End(t.Context(), driver.End{Key: "k", Marker: other, If: &driver.State{Absent: true}})
			return err
		},
		"Delete": func(p place) error { _, err := p.End(t.Context(), driver.End{Key: "k"}); return err },
	}
	p := newPlace(t)
	_, err := p.End(t.Context(), driver.End{Key: "k", Marker: m}) // without a record
	is.New(t).NoErr(err)
	before := string(dynamoJSON(t, p.item(t, "k")))
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			err := call(p)
			var ended *driver.EndedError
			is.True(errors.As(err, &ended))
			is.Equal(ended.Marker, m)
			is.Equal(string(dynamoJSON(t, p.item(t, "k"))), before)
		})
	}
	t.Run("the same End again", func(t *testing.T) {
		is := is.New(t)
		_, err := p.End(t.Context(), driver.End{Key: "k", Marker: m})
		is.NoErr(err)
		is.Equal(string(dynamoJSON(t, p.item(t, "k"))), before)
	})
}

func TestEnd_Conditions(t *testing.T) {
	m := markers["destroyed"]
	rec := record("k")
	for name, c := range map[string]struct {
		stored func(p place)
		state  driver.State
		want   error
	}{
		"its rev":                  {nil, driver.State{Rev: "first"}, nil},
		"its rev and time":         {nil, driver.State{Rev: "first", Accessed: rec.Accessed}, nil},
		"its rev, another time":    {nil, driver.State{Rev: "first", Accessed: rec.Accessed.Add(time.Second)}, driver.ErrConflict},
		"another rev":              {nil, driver.State{Rev: "second"}, driver.ErrConflict},
		"no rev, but it has one":   {nil, driver.State{}, driver.ErrConflict},
		"absent, but it is there":  {nil, driver.State{Absent: true}, driver.ErrConflict},
		"absent":                   {func(place) {}, driver.State{Absent: true}, nil},
		"a rev, but it is absent":  {func(place) {}, driver.State{Rev: "first"}, driver.ErrNotFound},
		"no rev, and it is absent": {func(place) {}, driver.State{}, driver.ErrNotFound},
		"absent, a phantom is there": {func(p place) {
			p.put(t, map[string]types.AttributeValue{
				"id": &types.AttributeValueMemberS{Value: "k"}, "accessed": &types.AttributeValueMemberS{Value: "2126-03-01T09:00:00+00:00"},
				"expires": &types.AttributeValueMemberN{Value: "4928000000"},
			})
		}, driver.State{Absent: true}, nil},
	} {
		for what, marker := range map[string]driver.Marker{"End": m, "Delete": {}} {
			t.Run(what+" "+name, func(t *testing.T) {
				is := is.New(t)
				p := newPlace(t)
				if c.stored == nil {
					is.NoErr(p.Create(t.Context(), rec))
				} else {
					c.stored(p)
				}
				old, err := p.End(t.Context(), driver.End{Key: "k", Marker: marker, If: &c.state})
				if c.want != nil {
					wants.Err(t, err, c.want)
					is.True(p.item(t, "k")["ended"] == nil)
					return
				}
				is.NoErr(err)
				is.Equal(old.Key != "", c.stored == nil)
				is.Equal(p.item(t, "k")["ended"] != nil, what == "End")
				if what == "Delete" {
					is.True(p.item(t, "k") == nil)
				}
			})
		}
	}
}
