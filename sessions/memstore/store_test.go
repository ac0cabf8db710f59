package memstore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/storetest"
)

func TestStore_KeepsTheContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) driver.Store { return memstore.New(nil) })
}

func TestStore_SeveralAtATime(t *testing.T) {
	is := is.New(t)
	s := memstore.New(nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { is.NoErr(storetest.Check(t.Context(), func() driver.Store { return s })) })
	}
	wg.Wait()
	is.Equal(s.Len(), 0)
}

func TestStore_PrintedShowsNoRecord(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 0)
	rec := record("the-k3y", start)
	rec.Payload = codec.Opaque("json", []byte(`"s3cret"`))
	is.NoErr(s.Create(t.Context(), rec))
	is.Equal(s.String(), "memstore of 1 sessions")
	is.Equal(fmt.Sprintf("%#v", s), "memstore of 1 sessions")
	asJSON, err := json.Marshal(s) //lint:ignore SA9005 that it shows nothing is what is tested
	is.NoErr(err)
	out := string(asJSON)
	holder := struct{ store *memstore.Store }{s}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		out += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, *s) + fmt.Sprintf(verb, holder) + fmt.Sprintf(verb, &holder)
	}
	is.True(!strings.Contains(out, "the-k3y"))
	is.True(!strings.Contains(out, "s3cret"))
	is.True(!strings.Contains(out, fmt.Sprintf("%x", "s3cret")))
}

func TestStore_AContextThatIsDoneIsUnavailable(t *testing.T) {
	s, _ := filled(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"Load":                         func() error { _, err := s.Load(ctx, "key0"); return err },
		"LoadAll":                      func() error { _, err := s.LoadAll(ctx, []string{"key0"}); return err },
		"End":                          func() error { _, err := s.End(ctx, driver.End{Key: "key0"}); return err },
		"LoadRosters":                  func() error { _, err := s.LoadRosters(ctx, "subject:a"); return err },
		"Create, of what is no record": func() error { return s.Create(ctx, driver.Record{}) },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			err := call()
			wants.Err(t, err, driver.ErrUnavailable)
			wants.Err(t, err, context.Canceled)
			is.Equal(s.Len(), 1)
		})
	}
}

func TestLen_CountsRecords(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 2)
	_, err := s.ChangeRoster(t.Context(), driver.RosterChange{Key: "subject:a", Rev: "r", Expires: start.Add(time.Hour)})
	is.NoErr(err)
	is.Equal(s.Len(), 2)
	_, err = s.End(t.Context(), driver.End{Key: "key0", Marker: marker("m", start)})
	is.NoErr(err)
	is.Equal(s.Len(), 1)
	_, err = s.End(t.Context(), driver.End{Key: "key1"})
	is.NoErr(err)
	is.Equal(s.Len(), 0)
}

func TestStore_RefusesMoreKeysThanMaxBatch(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 0)
	keys := make([]string, driver.MaxBatch+1)
	for i := range keys {
		keys[i] = fmt.Sprint("key", i)
	}
	_, err := s.LoadAll(t.Context(), keys)
	is.Equal(err.Error(), "memstore: 101 keys in one call: must be at most 100")
	_, err = s.LoadRosters(t.Context(), keys...)
	is.Equal(err.Error(), "memstore: 101 keys in one call: must be at most 100")
	_, err = s.LoadAll(t.Context(), []string{"a", "a"})
	is.Equal(err.Error(), "memstore: a key is twice in one call: must be different")
}

// With -race this test finds a record that is shared with the store.
func TestStore_LoadBesideWrites(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 10)
	is.NoErr(s.Bind(t.Context(), "key1", []byte("a"), nil))
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 200 {
				switch i {
				case 0:
					is.NoErr(s.Touch(t.Context(), "key1", start.Add(time.Duration(n)*time.Second), start.Add(2*time.Hour)))
				case 1:
					is.NoErr(s.Bind(t.Context(), "key1", []byte("a"), []byte("a")))
				default:
					rec, err := s.Load(t.Context(), "key1")
					is.NoErr(err)
					is.Equal(rec.Rev, "rev-of-key1")
					rec.Binding[0]++
				}
			}
		})
	}
	wg.Wait()
	rec, err := s.Load(t.Context(), "key1")
	is.NoErr(err)
	is.Equal(rec.Binding, []byte("a"))
}

func TestClock_IsTheConfigsOrTheSystems(t *testing.T) {
	is := is.New(t)
	s, c := filled(t, 0)
	is.Equal(s.Clock(), c)
	is.Equal(memstore.New(nil).Clock(), clock.System())
}
