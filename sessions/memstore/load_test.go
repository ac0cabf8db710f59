package memstore_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

func TestLoad_ReturnsWhatHasExpiredUntilItIsSwept(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 1)
	c.Advance(24 * time.Hour)
	rec, err := s.Load(t.Context(), "key0")
	is.NoErr(err) // the Manager judges
	is.Equal(rec.Rev, "rev-of-key0")
	is.NoErr(s.Create(t.Context(), record("another", c.Now())))
	_, err = s.Load(t.Context(), "key0")
	is.True(errors.Is(err, sessions.ErrNotFound))
}

func TestLoad_BesideWrites(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 10)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 200 {
				if i == 0 {
					is.NoErr(s.Touch(t.Context(), "key1", start.Add(time.Duration(n)*time.Second), start.Add(2*time.Hour)))
					continue
				}
				rec, err := s.Load(t.Context(), "key1")
				is.NoErr(err)
				is.Equal(rec.Rev, "rev-of-key1")
			}
		})
	}
	wg.Wait()
}

// profile is data as a small application has it.
type profile struct {
	Name   string            `json:"name"`
	Roles  []string          `json:"roles"`
	Visits int               `json:"visits"`
	Flags  map[string]string `json:"flags"`
}

// What a Load costs beside decoding its data, which is most of it.
func BenchmarkManagerLoad(b *testing.B) {
	m, err := sessions.New[profile](memstore.New(nil), &sessions.Config[profile]{Clock: clock.NewFake(start)})
	if err != nil {
		b.Fatal(err)
	}
	data := profile{Name: "n", Roles: []string{"reader", "writer"}, Visits: 12, Flags: map[string]string{"theme": "dark", "beta": "yes"}}
	s, err := m.CreateAndSave(b.Context(), data)
	if err != nil {
		b.Fatal(err)
	}
	id := s.ID().Secret()
	b.Run("Load", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := m.Load(b.Context(), id); err != nil {
				b.Fatal(err)
			}
		}
	})
	encoded, err := json.Marshal(data)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("json.Unmarshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var p profile
			if err := json.Unmarshal(encoded, &p); err != nil {
				b.Fatal(err)
			}
		}
	})
}
