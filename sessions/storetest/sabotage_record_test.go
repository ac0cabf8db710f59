package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
)

func createAndLoad() []sabotage {
	return []sabotage{
		{"Load invents a record", "load: absent", func(good driver.Store, s *saboteur) {
			s.load = func(ctx context.Context, key string) (driver.Record, error) {
				rec, err := good.Load(ctx, key)
				if isAbsent(err) {
					return driver.Record{Key: key}, nil
				}
				return rec, err
			}
		}},
		{"Load finds a marker where nothing is", "load: absent", func(good driver.Store, s *saboteur) {
			s.load = func(ctx context.Context, key string) (driver.Record, error) {
				rec, err := good.Load(ctx, key)
				if isAbsent(err) {
					return rec, &driver.EndedError{}
				}
				return rec, err
			}
		}},
		{"Create does nothing", "create: stores", func(_ driver.Store, s *saboteur) {
			s.create = func(context.Context, driver.Record) error { return nil }
		}},
		{"Load returns the latest", "load: one key beside another", func(good driver.Store, s *saboteur) {
			var mu sync.Mutex
			last := ""
			s.create = func(ctx context.Context, rec driver.Record) error {
				mu.Lock()
				defer mu.Unlock()
				last = rec.Key
				return good.Create(ctx, rec)
			}
			s.load = func(ctx context.Context, key string) (driver.Record, error) {
				mu.Lock()
				defer mu.Unlock()
				if rec, err := good.Load(ctx, key); err != nil || last == "" {
					return rec, err
				}
				return good.Load(ctx, last)
			}
		}},
		{"Create overwrites", "create: never overwrites", func(good driver.Store, s *saboteur) {
			s.create = func(ctx context.Context, rec driver.Record) error {
				err := good.Create(ctx, rec)
				if errors.Is(err, driver.ErrExists) {
					return force(ctx, good, rec)
				}
				return err
			}
		}},
		{"Create says ErrConflict", "create: never overwrites", func(good driver.Store, s *saboteur) {
			s.create = func(ctx context.Context, rec driver.Record) error {
				err := good.Create(ctx, rec)
				if errors.Is(err, driver.ErrExists) {
					return driver.ErrConflict
				}
				return err
			}
		}},
		{"the living are swept when their last hour has come", "create: the living stay", func(good driver.Store, s *saboteur) {
			var mu sync.Mutex
			last := ""
			s.create = func(ctx context.Context, rec driver.Record) error {
				mu.Lock()
				defer mu.Unlock()
				if last != "" {
					_, _ = good.End(ctx, driver.End{Key: last})
				}
				last = ""
				if left := time.Until(rec.ExpiresAt()); left > 0 && left < 30*time.Minute {
					last = rec.Key
				}
				return good.Create(ctx, rec)
			}
		}},
		{"LoadAll has a cache", "load: sees every write", func(good driver.Store, s *saboteur) {
			var mu sync.Mutex
			cache := map[string]driver.Loaded{}
			s.loadAll = func(ctx context.Context, keys []string) ([]driver.Loaded, error) {
				mu.Lock()
				defer mu.Unlock()
				all, err := good.LoadAll(ctx, keys)
				for i := range all {
					if l, ok := cache[keys[i]]; ok {
						all[i] = l
					}
					cache[keys[i]] = all[i]
				}
				return all, err
			}
		}},
		{"what was given stays the store's", "share: bindings", func(good driver.Store, s *saboteur) {
			var mu sync.Mutex
			given := map[string][]byte{}
			s.create = func(ctx context.Context, rec driver.Record) error {
				mu.Lock()
				defer mu.Unlock()
				if string(rec.Binding) == "binding" {
					given[rec.Key] = rec.Binding
				}
				return good.Create(ctx, rec)
			}
			s.load = func(ctx context.Context, key string) (driver.Record, error) {
				mu.Lock()
				defer mu.Unlock()
				rec, err := good.Load(ctx, key)
				if b, ok := given[key]; ok && err == nil && string(rec.Binding) == "binding" {
					rec.Binding = b
				}
				return rec, err
			}
		}},
		{"rosters come from a cache", "share: rosters", func(good driver.Store, s *saboteur) {
			var mu sync.Mutex
			cache := map[string]driver.Roster{}
			s.loadRosters = func(ctx context.Context, keys ...string) ([]driver.Roster, error) {
				mu.Lock()
				defer mu.Unlock()
				all, err := good.LoadRosters(ctx, keys...)
				for i, r := range all {
					if cached, ok := cache[r.Key]; ok && cached.Rev == r.Rev {
						all[i] = cached
					} else {
						cache[r.Key] = r
					}
				}
				return all, err
			}
		}},
		{"LoadAll returns in the order of the keys' texts", "load all: in order", func(good driver.Store, s *saboteur) {
			s.loadAll = func(ctx context.Context, keys []string) ([]driver.Loaded, error) {
				return good.LoadAll(ctx, slices.Sorted(slices.Values(keys)))
			}
		}},
		{"LoadAll leaves out what isn't there", "load all: in order", func(good driver.Store, s *saboteur) {
			s.loadAll = func(ctx context.Context, keys []string) ([]driver.Loaded, error) {
				all, err := good.LoadAll(ctx, keys)
				return slices.DeleteFunc(all, func(l driver.Loaded) bool { return isAbsent(l.Err) }), err
			}
		}},
		{"LoadAll gives up after 50 keys", "load all: a hundred keys", func(good driver.Store, s *saboteur) {
			s.loadAll = func(ctx context.Context, keys []string) ([]driver.Loaded, error) {
				all, err := good.LoadAll(ctx, keys)
				for i := 50; i < len(all); i++ {
					all[i] = driver.Loaded{Err: driver.ErrNotFound}
				}
				return all, err
			}
		}},
		{"LoadAll has results beside an error", "load all: fails as a whole", func(good driver.Store, s *saboteur) {
			s.loadAll = func(ctx context.Context, keys []string) ([]driver.Loaded, error) {
				all, err := good.LoadAll(ctx, keys)
				if err != nil {
					all = make([]driver.Loaded, len(keys))
				}
				return all, err
			}
		}},
	}
}

// returning changes the records that Load returns.
func returning(change func(*driver.Record)) func(driver.Store, *saboteur) {
	return func(good driver.Store, s *saboteur) {
		s.load = func(ctx context.Context, key string) (driver.Record, error) {
			rec, err := good.Load(ctx, key)
			if err == nil {
				change(&rec)
			}
			return rec, err
		}
	}
}

func keeping() []sabotage {
	return []sabotage{
		{"bytes become text", "keep: payload", returning(func(r *driver.Record) {
			b, _ := r.Payload.Bytes()
			r.Payload = codec.Opaque(r.Payload.Format(), bytes.ToValidUTF8(b, []byte("?")))
		})},
		{"a format that is unknown is lost", "keep: payload", returning(func(r *driver.Record) {
			if r.Payload.Format() == "x-storetest" {
				b, _ := r.Payload.Bytes()
				r.Payload = codec.Opaque("json", b)
			}
		})},
		{"a long rev is cut", "keep: rev", returning(func(r *driver.Record) { r.Rev = r.Rev[:min(len(r.Rev), 64)] })},
		{"a long subject is cut", "keep: subject", returning(func(r *driver.Record) { r.Subject = r.Subject[:min(len(r.Subject), 512)] })},
		{"the application is lost", "keep: application", returning(func(r *driver.Record) { r.Application = "" })},
		{"the provider's session is lost", "keep: federated", returning(func(r *driver.Record) { r.Federated = "" })},
		{"a long device is cut", "keep: device", returning(func(r *driver.Record) { r.Device.Name = r.Device.Name[:min(len(r.Device.Name), 64)] })},
		{"an address without a name is lost", "keep: device", returning(func(r *driver.Record) {
			if r.Device.Name == "" {
				r.Device = driver.Device{}
			}
		})},
		{"Persist is lost", "keep: persist", returning(func(r *driver.Record) { r.Persist = false })},
		{"one of the pages is lost", "keep: pages", returning(func(r *driver.Record) { r.FederatedPage = 0 })},
		{"a page is an int32", "keep: pages", returning(func(r *driver.Record) { r.Page = int64(int32(r.Page)) })},
		{"a long binding is cut", "keep: binding", returning(func(r *driver.Record) { r.Binding = r.Binding[:min(len(r.Binding), 1024)] })},
		{"colons are taken out of keys", "keep: key", func(good driver.Store, s *saboteur) {
			s.create = func(ctx context.Context, rec driver.Record) error {
				rec.Key = strings.ReplaceAll(rec.Key, ":", "")
				return good.Create(ctx, rec)
			}
			s.load = func(ctx context.Context, key string) (driver.Record, error) {
				return good.Load(ctx, strings.ReplaceAll(key, ":", ""))
			}
		}},
		{"an empty payload is lost", "keep: payload", returning(func(r *driver.Record) {
			if b, _ := r.Payload.Bytes(); len(b) == 0 {
				r.Payload = nil
			}
		})},
		{"times lose microseconds that are few", "keep: times", returning(func(r *driver.Record) {
			if r.Created.Nanosecond() < 2000 {
				r.Created = r.Created.Truncate(time.Second)
			}
		})},
		{"a timeout is an int16 of minutes", "keep: timeouts", returning(func(r *driver.Record) {
			r.AbsoluteTimeout = time.Duration(int16(r.AbsoluteTimeout/time.Minute)) * time.Minute
		})},
		{"a Replace keeps an old Persist", "keep: persist", func(good driver.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				if old, err := good.Load(ctx, rec.Key); err == nil {
					rec.Persist = old.Persist
				}
				return good.Replace(ctx, rec, rev)
			}
		}},
	}
}

func replacing() []sabotage {
	return []sabotage{
		{"Replace does nothing", "replace: stores", func(good driver.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				stored, err := good.Load(ctx, rec.Key)
				if err == nil && stored.Rev != rev {
					return driver.ErrConflict
				}
				return err
			}
		}},
		{"Replace keeps the old timeouts", "replace: stores", func(good driver.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				if stored, err := good.Load(ctx, rec.Key); err == nil {
					rec.IdleTimeout = stored.IdleTimeout
				}
				return good.Replace(ctx, rec, rev)
			}
		}},
		{"Replace ignores the rev", "replace: another rev", func(good driver.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				if stored, err := good.Load(ctx, rec.Key); err == nil {
					rev = stored.Rev
				}
				return good.Replace(ctx, rec, rev)
			}
		}},
		{`Replace of rev "" asks nothing`, "replace: no rev", func(good driver.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				stored, err := good.Load(ctx, rec.Key)
				if err == nil && rev == "" {
					rev = stored.Rev
				}
				return good.Replace(ctx, rec, rev)
			}
		}},
		{"Replace upserts", "replace: never creates", func(good driver.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				err := good.Replace(ctx, rec, rev)
				if isAbsent(err) {
					return good.Create(ctx, rec)
				}
				return err
			}
		}},
		{"Replace writes the Binding", "replace: the binding stays", func(good driver.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				stored, _ := good.Load(ctx, rec.Key)
				if err := good.Replace(ctx, rec, rev); err != nil {
					return err
				}
				return good.Bind(ctx, rec.Key, rec.Binding, stored.Binding)
			}
		}},
	}
}

// touched replaces Touch for keys that have a record.
func touched(call func(ctx context.Context, good driver.Store, rec driver.Record, accessed, expires time.Time) error) func(driver.Store, *saboteur) {
	return func(good driver.Store, s *saboteur) {
		s.touch = func(ctx context.Context, key string, accessed, expires time.Time) error {
			rec, err := good.Load(ctx, key)
			if err != nil {
				return good.Touch(ctx, key, accessed, expires)
			}
			return call(ctx, good, rec, accessed, expires)
		}
	}
}

func touching() []sabotage {
	return []sabotage{
		{"Touch does nothing", "touch: moves the times", touched(
			func(context.Context, driver.Store, driver.Record, time.Time, time.Time) error { return nil })},
		{"Touch changes the rev", "touch: moves the times", touched(
			func(ctx context.Context, good driver.Store, rec driver.Record, accessed, _ time.Time) error {
				rec.Accessed = accessed
				rec.Rev += "x"
				return force(ctx, good, rec)
			})},
		{"Touch moves back", "touch: only forward", touched(
			func(ctx context.Context, good driver.Store, rec driver.Record, accessed, expires time.Time) error {
				if accessed.After(rec.Accessed) {
					return good.Touch(ctx, rec.Key, accessed, expires)
				}
				rec.Accessed = accessed
				return force(ctx, good, rec)
			})},
		{"Touch backwards is a conflict", "touch: only forward", touched(
			func(ctx context.Context, good driver.Store, rec driver.Record, accessed, expires time.Time) error {
				if accessed.Before(rec.Accessed) {
					return driver.ErrConflict
				}
				return good.Touch(ctx, rec.Key, accessed, expires)
			})},
		{"Touch moves one of the times", "touch: both times or neither", touched(
			func(ctx context.Context, good driver.Store, rec driver.Record, accessed, expires time.Time) error {
				if expires.Before(rec.ExpiresAt()) {
					expires = rec.ExpiresAt()
				}
				return good.Touch(ctx, rec.Key, accessed, expires)
			})},
		{"Touch upserts", "touch: never creates", func(good driver.Store, s *saboteur) {
			s.touch = func(ctx context.Context, key string, accessed, expires time.Time) error {
				err := good.Touch(ctx, key, accessed, expires)
				if isAbsent(err) {
					return good.Create(ctx, phantom(key))
				}
				return err
			}
		}},
		{"Touch forgets the device", "touch: changes nothing else", touched(
			func(ctx context.Context, good driver.Store, rec driver.Record, accessed, expires time.Time) error {
				if rec.Device == (driver.Device{}) {
					return good.Touch(ctx, rec.Key, accessed, expires)
				}
				rec.Accessed, rec.Device = accessed, driver.Device{}
				return force(ctx, good, rec)
			})},
	}
}

// bound replaces Bind for keys that have a record.
func bound(call func(ctx context.Context, good driver.Store, rec driver.Record, binding, was []byte) error) func(driver.Store, *saboteur) {
	return func(good driver.Store, s *saboteur) {
		s.bind = func(ctx context.Context, key string, binding, was []byte) error {
			rec, err := good.Load(ctx, key)
			if err != nil {
				return good.Bind(ctx, key, binding, was)
			}
			return call(ctx, good, rec, binding, was)
		}
	}
}

func binding() []sabotage {
	return []sabotage{
		{"Bind does nothing", "bind: sets", bound(
			func(ctx context.Context, good driver.Store, rec driver.Record, binding, was []byte) error {
				if bytes.Equal(rec.Binding, was) {
					return nil
				}
				return good.Bind(ctx, rec.Key, binding, was)
			})},
		{"Bind can't unbind", "bind: sets", bound(
			func(ctx context.Context, good driver.Store, rec driver.Record, binding, was []byte) error {
				if len(binding) == 0 && bytes.Equal(rec.Binding, was) {
					return nil
				}
				return good.Bind(ctx, rec.Key, binding, was)
			})},
		{"Bind ignores what was", "bind: another binding", bound(
			func(ctx context.Context, good driver.Store, rec driver.Record, binding, _ []byte) error {
				return good.Bind(ctx, rec.Key, binding, rec.Binding)
			})},
		{"Bind says ErrExists", "bind: another binding", func(good driver.Store, s *saboteur) {
			s.bind = func(ctx context.Context, key string, binding, was []byte) error {
				err := good.Bind(ctx, key, binding, was)
				if errors.Is(err, driver.ErrConflict) {
					return driver.ErrExists
				}
				return err
			}
		}},
		{"Bind doesn't know its own", "bind: repeated", bound(
			func(ctx context.Context, good driver.Store, rec driver.Record, binding, was []byte) error {
				if !bytes.Equal(rec.Binding, was) {
					return driver.ErrConflict
				}
				return good.Bind(ctx, rec.Key, binding, was)
			})},
		{"Bind upserts", "bind: never creates", func(good driver.Store, s *saboteur) {
			s.bind = func(ctx context.Context, key string, binding, was []byte) error {
				err := good.Bind(ctx, key, binding, was)
				if isAbsent(err) {
					return good.Create(ctx, phantom(key))
				}
				return err
			}
		}},
		{"Bind forgets the device", "bind: changes nothing else", bound(
			func(ctx context.Context, good driver.Store, rec driver.Record, binding, was []byte) error {
				if rec.Device == (driver.Device{}) || !bytes.Equal(rec.Binding, was) {
					return good.Bind(ctx, rec.Key, binding, was)
				}
				rec.Binding, rec.Device = binding, driver.Device{}
				return force(ctx, good, rec)
			})},
	}
}

func repeating() []sabotage {
	return []sabotage{
		{"Create doesn't know its own", "repeat: create", func(good driver.Store, s *saboteur) {
			s.create = func(ctx context.Context, rec driver.Record) error {
				if _, err := good.Load(ctx, rec.Key); err == nil {
					return driver.ErrExists
				}
				return good.Create(ctx, rec)
			}
		}},
		{"Create does it again", "repeat: create", func(good driver.Store, s *saboteur) {
			s.create = func(ctx context.Context, rec driver.Record) error {
				if old, err := good.Load(ctx, rec.Key); err == nil && old.Rev == rec.Rev && rec.Rev != "" {
					return force(ctx, good, rec)
				}
				return good.Create(ctx, rec)
			}
		}},
		{"Replace doesn't know its own", "repeat: replace", func(good driver.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				if stored, err := good.Load(ctx, rec.Key); err == nil && stored.Rev != rev {
					return driver.ErrConflict
				}
				return good.Replace(ctx, rec, rev)
			}
		}},
		{"End doesn't know its own", "repeat: end", func(good driver.Store, s *saboteur) {
			s.end = func(ctx context.Context, e driver.End) (driver.Record, error) {
				if _, err := good.Load(ctx, e.Key); errors.Is(err, driver.ErrEnded) {
					return driver.Record{}, err
				}
				return good.End(ctx, e)
			}
		}},
		{"ChangeRoster doesn't know its own", "repeat: change of a roster", func(good driver.Store, s *saboteur) {
			s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
				if r, err := rosterOf(ctx, good, c.Key); err != nil || r.Rev == c.Rev {
					return r, cmp.Or(err, driver.ErrRoster)
				}
				return good.ChangeRoster(ctx, c)
			}
		}},
		{"Create remembers every rev", "repeat: create after another write", func(good driver.Store, s *saboteur) {
			var revs notes
			s.create = func(ctx context.Context, rec driver.Record) error {
				err := good.Create(ctx, rec)
				if before := revs.note(rec.Rev); before && rec.Rev != "" && errors.Is(err, driver.ErrExists) {
					return nil
				}
				return err
			}
		}},
		{"Replace remembers every rev", "repeat: replace after another write", func(good driver.Store, s *saboteur) {
			var revs notes
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				err := good.Replace(ctx, rec, rev)
				if before := revs.note(rec.Rev); before && rec.Rev != "" && errors.Is(err, driver.ErrConflict) {
					return nil
				}
				return err
			}
		}},
		{"ChangeRoster remembers every rev", "repeat: change of a roster after another", func(good driver.Store, s *saboteur) {
			var revs notes
			s.changeRoster = func(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
				r, err := good.ChangeRoster(ctx, c)
				if before := revs.note(c.Rev); before && errors.Is(err, driver.ErrRoster) {
					return r, nil
				}
				return r, err
			}
		}},
		{`Create takes Rev "" for its own`, "repeat: create without rev", func(good driver.Store, s *saboteur) {
			s.create = func(ctx context.Context, rec driver.Record) error {
				if old, err := good.Load(ctx, rec.Key); err == nil && old.Rev == rec.Rev {
					return nil
				}
				return good.Create(ctx, rec)
			}
		}},
		{`Replace takes Rev "" for its own`, "repeat: replace without rev", func(good driver.Store, s *saboteur) {
			s.replace = func(ctx context.Context, rec driver.Record, rev string) error {
				if old, err := good.Load(ctx, rec.Key); err == nil && old.Rev == rec.Rev {
					return nil
				}
				return good.Replace(ctx, rec, rev)
			}
		}},
	}
}
