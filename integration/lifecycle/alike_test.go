package lifecycle_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/memstore"
)

var full = flag.Bool("full", false, "compare 100 worlds, not one")

// old and visit are the data of two binaries.
type old struct {
	N    string            `json:"n"`
	Tags map[string]string `json:"tags"`
}

type visit struct {
	Count int                    `json:"count"`
	Name  string                 `json:"name"`
	Tags  map[string]string      `json:"tags"`
	Items []string               `json:"items"`
	When  time.Time              `json:"when"`
	Notes sessions.Flash[string] `json:"notes"`
}

// side is one of two worlds in which the same calls are made.
type side struct {
	store      driver.Store
	faults     *faulty
	managers   []*sessions.Manager[visit]
	old        *sessions.Manager[old]
	events     []string
	compresses bool
	ids        []string // of all sessions, in the order in which they were told
	inHand     []*sessions.Session[visit]
}

// Observe implements [event.Observer].
func (w *side) Observe(_ context.Context, e event.Event) {
	if e.Kind == event.Recovered {
		return // memory loses no answers of its own
	}
	w.events = append(w.events, fmt.Sprintf("%s %s %s %s %s %s ended %d, calls %d, touched %v, %s",
		e.Kind, e.Op, e.Handle, e.Subject, e.Application, e.Reason, e.Ended, e.Calls, e.Touched, classOf(e.Err)))
}

// numbered are IDs that both sides make alike.
type numbered struct {
	prefix string
	made   *int
}

func (n numbered) New() sessions.ID {
	*n.made++
	return sessions.IDOf(fmt.Sprintf("%s%08d", n.prefix, *n.made))
}

func (n numbered) Parse(s string) (sessions.ID, error) {
	if len(s) != len(n.prefix)+8 || !strings.HasPrefix(s, n.prefix) {
		return sessions.ID{}, sessions.ErrInvalidID
	}
	return sessions.IDOf(s), nil
}

func (n numbered) Key(id sessions.ID) string { return id.Handle() }

// faulty fails some calls, the same on both sides: before or after their effect.
type faulty struct {
	driver.Store
	calls, at int
	after     bool
}

// fail makes a call, unless it is to fail.
func (f *faulty) fail(write bool, call func() error) error {
	if f.calls++; f.calls != f.at {
		return call()
	}
	if !f.after {
		return sessions.ErrUnavailable
	}
	_ = call()
	if write {
		return sessions.ErrOutcomeUnknown
	}
	return sessions.ErrUnavailable
}

func (f *faulty) Create(ctx context.Context, rec driver.Record) error {
	return f.fail(true, func() error { return f.Store.Create(ctx, rec) })
}

func (f *faulty) Load(ctx context.Context, key string) (rec driver.Record, err error) {
	err = f.fail(false, func() error { rec, err = f.Store.Load(ctx, key); return err })
	return rec, err
}

func (f *faulty) LoadAll(ctx context.Context, keys []string) (all []driver.Loaded, err error) {
	err = f.fail(false, func() error { all, err = f.Store.LoadAll(ctx, keys); return err })
	if err != nil {
		all = nil
	}
	return all, err
}

func (f *faulty) Replace(ctx context.Context, rec driver.Record, rev string) error {
	return f.fail(true, func() error { return f.Store.Replace(ctx, rec, rev) })
}

func (f *faulty) Touch(ctx context.Context, key string, accessed, expires time.Time) error {
	return f.fail(true, func() error { return f.Store.Touch(ctx, key, accessed, expires) })
}

func (f *faulty) Bind(ctx context.Context, key string, binding, was []byte) error {
	return f.fail(true, func() error { return f.Store.Bind(ctx, key, binding, was) })
}

func (f *faulty) End(ctx context.Context, e driver.End) (was driver.Record, err error) {
	err = f.fail(true, func() error { was, err = f.Store.End(ctx, e); return err })
	return was, err
}

func (f *faulty) LoadRosters(ctx context.Context, keys ...string) (all []driver.Roster, err error) {
	err = f.fail(false, func() error { all, err = f.Store.LoadRosters(ctx, keys...); return err })
	return all, err
}

func (f *faulty) ChangeRoster(ctx context.Context, c driver.RosterChange) (r driver.Roster, err error) {
	err = f.fail(true, func() error { r, err = f.Store.ChangeRoster(ctx, c); return err })
	return r, err
}

// classOf names what an error is.
func classOf(err error) string {
	if err == nil {
		return "ok"
	}
	var is []string
	for _, class := range []error{
		sessions.ErrNotFound, driver.ErrEnded, sessions.ErrRenewed, sessions.ErrExpired, sessions.ErrInvalidID, sessions.ErrDecode, sessions.ErrConflict,
		sessions.ErrTooLarge, sessions.ErrUnavailable, sessions.ErrOutcomeUnknown, sessions.ErrRevoked, sessions.ErrLimit, sessions.ErrNotBound, driver.ErrExists,
	} {
		if errors.Is(err, class) {
			is = append(is, class.Error())
		}
	}
	if len(is) == 0 {
		return err.Error()
	}
	return strings.Join(is, "; ")
}

// setup is how both sides are configured.
type setup struct {
	formats     [2]string
	layers      [2]bool // compressed
	aead        [2]bool
	migrates    bool
	application string
	limit       sessions.SubjectLimit
	peekFor     time.Duration
	check       time.Duration
	touch       time.Duration
	merge       bool
}

func drawSetup(r *rand.Rand) setup {
	formats := []string{"json", "msgpack", "native"}
	r.Shuffle(len(formats), func(i, j int) { formats[i], formats[j] = formats[j], formats[i] })
	yes := func() bool { return r.IntN(2) == 0 }
	s := setup{
		formats: [2]string{formats[0], formats[1]}, layers: [2]bool{yes(), yes()},
		aead: [2]bool{yes(), yes()}, migrates: yes(),
		application: oneOf(r, "", "shop"), merge: yes(),
		peekFor: oneOf(r, 0, time.Minute), check: oneOf(r, 0, time.Second),
		touch: oneOf[time.Duration](r, 0, -1),
	}
	s.limit.Max = oneOf(r, 0, 1, 2, 6)
	s.limit.Evict = s.limit.Max > 0 && yes()
	return s
}

func oneOf[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// codecsOf returns a codec for each binary, which reads what the others write.
func codecsOf(s setup) (a, b codec.Codec[visit], c codec.Codec[old]) {
	frames := zstd.New()
	stack := func(i int) codec.Codec[visit] {
		return wrap(map[string]codec.Codec[visit]{"json": codec.JSON[visit]{}, "msgpack": msgpack.Codec[visit]{}, "native": attribute.Codec[visit]{}}[s.formats[i]], s.layers[i], frames)
	}
	c = codec.Version(7, codec.Codec[old](codec.JSON[old]{}))
	from := codec.Migrate(c, func(o old) (visit, error) { return visit{Name: o.N, Tags: o.Tags}, nil })
	return codec.Upgrade(stack(0), stack(1), from), codec.Upgrade(stack(1), stack(0), from), c
}

func wrap[T any](c codec.Codec[T], compress bool, frames codec.Compressor) codec.Codec[T] {
	if compress {
		return codec.Compress(c, frames, 100)
	}
	return c
}

func newSide(t testing.TB, s setup, store driver.Store, c clock.Clock) *side {
	w := &side{faults: &faulty{Store: store}, store: store, compresses: s.layers[0] || s.layers[1]}
	a, b, o := codecsOf(s)
	var ids, former sessions.IDScheme = numbered{"b", new(int)}, numbered{"a", new(int)}
	if s.migrates {
		ids = sessions.MigrateIDs(ids, former)
	} else {
		former = ids
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	block, err := aes.NewCipher(make([]byte, 32))
	must(err)
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	must(err)
	cfg := sessions.Config[visit]{
		Codec: a, IdleTimeout: time.Hour, AbsoluteTimeout: 3 * time.Hour, IDs: ids, Application: s.application, SubjectLimit: s.limit, PeekFor: s.peekFor,
		RevocationCheck: s.check, TouchInterval: s.touch, Observer: w, Clock: c, AEAD: sealer{gcm}, AllowPlaintext: true, WritePlaintext: !s.aead[0],
	}
	if !s.merge {
		cfg.Merge = sessions.NoMerge[visit]
	}
	m, err := sessions.New(w.faults, &cfg)
	must(err)
	w.managers = append(w.managers, m)
	cfg.Codec, cfg.PeekFor, cfg.IdleTimeout, cfg.WritePlaintext = b, 0, 30*time.Minute, !s.aead[1]
	m, err = sessions.New(w.faults, &cfg)
	must(err)
	w.managers = append(w.managers, m)
	w.old, err = sessions.New(w.faults, &sessions.Config[old]{
		Codec: o, IDs: former, Application: s.application, Observer: w, Clock: c, AEAD: sealer{gcm}, AllowPlaintext: true, WritePlaintext: true,
	})
	must(err)
	return w
}

type sealer struct{ cipher.AEAD }

func (s sealer) Encrypt(plaintext, data []byte) ([]byte, error) {
	return s.Seal(nil, nil, plaintext, data), nil
}

func (s sealer) Decrypt(ciphertext, data []byte) ([]byte, error) {
	return s.Open(nil, nil, ciphertext, data)
}

// told notes a session's ID.
func (w *side) told(id sessions.ID) {
	if secret := id.Secret(); !slices.Contains(w.ids, secret) {
		w.ids = append(w.ids, secret)
	}
}

func notes(f sessions.Flash[string]) []string {
	clone := sessions.Flash[string]{}
	for k, v := range f {
		clone[k] = v
	}
	return clone.Take()
}

// describe returns everything that is to be alike of a session.
func describe(s *sessions.Session[visit]) string {
	if s == nil {
		return "none"
	}
	d := s.Data
	return fmt.Sprintf("%s %d %q %v %q %v %v, %v %v %v %+v %q %q %v, %v to %v, bound %x", s.Handle()[:12], d.Count, d.Name, d.Tags, d.Items, d.When.UTC(), notes(d.Notes),
		s.IdleTimeout, s.AbsoluteTimeout, s.Persist, s.Device, s.Federated, s.Subject(), s.IsNew(), s.CreatedAt(), s.ExpiresAt(), s.Binding())
}

// stored returns everything that is to be alike of what is stored.
func (w *side) stored(t testing.TB, application string) string {
	var b strings.Builder
	for _, id := range w.ids {
		key := sessions.IDOf(id).Handle()
		all, err := w.store.LoadAll(t.Context(), []string{key})
		if err != nil {
			t.Fatal(err)
		}
		rec := all[0].Record
		var ended *driver.EndedError
		if errors.As(all[0].Err, &ended) {
			m := ended.Marker
			fmt.Fprintf(&b, "%s marker %s next %.12s at %v until %v %v\n", key[:12], m.Why, m.Next, m.At, m.Until, strings.Contains(m.Rev, "@"))
			continue
		}
		fmt.Fprintf(&b, "%s %s", key[:12], classOf(all[0].Err))
		if all[0].Err == nil {
			_, from, _ := strings.Cut(rec.Rev, "<")
			size := 0
			if p, err := rec.Payload.Bytes(); err == nil && !w.compresses {
				size = len(p)
			}
			// Whether compression pays depends on the random keys of the Flash.
			format := strings.Replace(rec.Payload.Format(), "zstd+", "", 1)
			fmt.Fprintf(&b, " %s %d from %s %q %q %q %+v %v %x page %d %d, %v %v %v %v", format, size, from, rec.Subject, rec.Application,
				rec.Federated, rec.Device, rec.Persist, rec.Binding, rec.Page, rec.FederatedPage, rec.Created, rec.Accessed, rec.IdleTimeout, rec.AbsoluteTimeout)
		}
		b.WriteByte('\n')
	}
	for _, subject := range []string{"ann", "bob"} {
		for _, prefix := range []string{"subject:", "federated:"} {
			name := subject
			if application != "" {
				prefix += "app:"
				name = fmt.Sprintf("%d:%s:%s", len(application), application, name)
			}
			sum := sha512.Sum512([]byte(name))
			list := prefix + hex.EncodeToString(sum[:])
			parts, err := w.store.LoadRosters(t.Context(), list, list+"#1", list+"#2")
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range parts {
				var keys []string
				for key, at := range r.Entries {
					keys = append(keys, fmt.Sprint(key[:12], " ", at.Unix()))
				}
				slices.Sort(keys)
				fmt.Fprintf(&b, "%s%s part %d: epoch %d, %v %v, closed %v, stale %v, expires %v\n", prefix, subject, i, r.Epoch, keys, r.Pages, r.Closed, r.Stale, r.Expires)
			}
		}
	}
	return b.String()
}

// Whatever a Manager is asked to do, it does the same on memory and on DynamoDB: results, errors,
// events, and what is stored afterwards.
func TestAlike_InMemoryAndOnTheEngine(t *testing.T) {
	worlds := uint64(1)
	if *full {
		worlds = 100
	}
	for seed := range worlds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { testAlike(t, rand.New(rand.NewPCG(seed, 0))) })
	}
}

func testAlike(t *testing.T, r *rand.Rand) {
	s := drawSetup(r)
	begin := time.Now().UTC().Truncate(time.Second).Add(time.Hour + 123456*time.Microsecond)
	c := clock.NewFake(begin)
	// Neither sweeps anything.
	mem := newSide(t, s, memstore.New(&memstore.Config{Clock: clock.NewFake(begin)}), c)
	eng := newSide(t, s, engine.Store(t, engine.NewTable(t)), c)
	var calls []string
	same := func(what, inMemory, onEngine string) {
		t.Helper()
		if inMemory != onEngine {
			t.Fatalf("%+v, after %s\nmemory: %s\n%s\nengine: %s\n%s", s, strings.Join(calls, ", "), what, inMemory, what, onEngine)
		}
	}
	for range 120 {
		if r.IntN(8) == 0 {
			c.Advance(time.Duration(oneOf(r, 1, 7, 7, 60, 60, 400, 1801, 3600)) * time.Second)
			calls = append(calls, "time")
		}
		do := drawCall(r, mem, c)
		at, after := r.IntN(40), r.IntN(2) == 0 // most are beyond the last call
		var results []string
		for _, w := range []*side{mem, eng} {
			w.faults.calls, w.faults.at, w.faults.after = 0, at, after
			results = append(results, do.call(t.Context(), w))
			w.faults.at = 0
		}
		calls = append(calls, fmt.Sprintf("%s (%d %v)", do.name, at, after))
		same("result", results[0], results[1])
		same("events", strings.Join(mem.events, "\n"), strings.Join(eng.events, "\n"))
		mem.events, eng.events = nil, nil
		same("stored", mem.stored(t, s.application), eng.stored(t, s.application))
	}
}

// doing is one call.
type doing struct {
	name string
	call func(ctx context.Context, w *side) string
}

func drawCall(r *rand.Rand, mem *side, c *clock.Fake) doing {
	k, n, which := r.IntN(2), r.IntN(4), r.IntN(24)
	subject := oneOf(r, "ann", "ann", "bob")
	text := oneOf(r, "", "x", strings.Repeat("long ", 60))
	id := "unknown"
	if len(mem.ids) > 0 {
		id = mem.ids[len(mem.ids)-1-which%min(len(mem.ids), 6)]
	}
	held := -1
	if len(mem.inHand) > 0 {
		held = len(mem.inHand) - 1 - which%min(len(mem.inHand), 4)
	}
	hold := func(w *side, x *sessions.Session[visit], err error) string {
		if x != nil && err == nil {
			w.inHand = append(w.inHand, x)
			w.told(x.ID())
		}
		return describe(x) + " " + classOf(err)
	}
	with := func(f func(ctx context.Context, w *side, x *sessions.Session[visit]) error) func(ctx context.Context, w *side) string {
		return func(ctx context.Context, w *side) string {
			if held < 0 {
				return "none"
			}
			x := w.inHand[held]
			err := f(ctx, w, x)
			w.told(x.ID())
			return describe(x) + " " + classOf(err) + fmt.Sprint(w.managers[k].Changed(x), w.managers[k].NeedsRenewal(x))
		}
	}
	infos := func(all []sessions.Info, err error) string {
		slices.SortFunc(all, func(a, b sessions.Info) int { return strings.Compare(a.Handle, b.Handle) })
		return fmt.Sprintf("%+v %s", all, classOf(err))
	}
	binding := bytes.Repeat([]byte{byte(n)}, 33+n)
	moment := c.Now()
	all := map[string]func(ctx context.Context, w *side) string{
		"create": func(ctx context.Context, w *side) string {
			x, err := w.managers[k].CreateAndSave(ctx, visit{Name: text})
			return hold(w, x, err)
		},
		"new": func(_ context.Context, w *side) string { return hold(w, w.managers[k].Create(), nil) },
		"old": func(ctx context.Context, w *side) string {
			x, err := w.old.CreateAndSave(ctx, old{N: text, Tags: map[string]string{"a": "b"}})
			if err == nil {
				w.told(x.ID())
			}
			return classOf(err)
		},
		"load": func(ctx context.Context, w *side) string {
			x, err := w.managers[k].Load(ctx, id)
			return hold(w, x, err)
		},
		"peek": func(ctx context.Context, w *side) string {
			x, err := w.managers[k].Peek(ctx, id)
			return describe(x) + classOf(err)
		},
		"follow": func(ctx context.Context, w *side) string {
			x, err := w.managers[k].Follow(ctx, id)
			return describe(x) + classOf(err)
		},
		"either": func(ctx context.Context, w *side) string {
			x, err := w.managers[k].LoadOrCreate(ctx, id)
			return hold(w, x, err)
		},
		"bound": func(ctx context.Context, w *side) string {
			x, err := w.managers[k].LoadBound(ctx, id, func(b []byte) error {
				if n == 0 {
					return errors.New("no proof")
				}
				return nil
			})
			return hold(w, x, err)
		},
		"update": func(ctx context.Context, w *side) string {
			x, err := w.managers[k].Update(ctx, id, func(v *visit) error {
				v.Count++
				v.Notes.Add(text)
				if v.Tags == nil {
					v.Tags = map[string]string{}
				}
				v.Tags[fmt.Sprint(n)] = text
				return nil
			})
			return hold(w, x, err)
		},
		"save": with(func(ctx context.Context, w *side, x *sessions.Session[visit]) error {
			switch n {
			case 0:
				x.Data.Count++
			case 1:
				x.Data.Name, x.Data.When = text, moment
			case 2:
				x.Data.Items = append(slices.Clone(x.Data.Items), text)
				x.Data.Notes.Take()
			}
			return w.managers[k].Save(ctx, x)
		}),
		"settings": with(func(ctx context.Context, w *side, x *sessions.Session[visit]) error {
			x.Persist = n > 1
			x.IdleTimeout, x.AbsoluteTimeout = time.Duration(n*20+1)*time.Minute, time.Duration(n+1)*time.Hour
			return w.managers[k].Save(ctx, x)
		}),
		"renew": with(func(ctx context.Context, w *side, x *sessions.Session[visit]) error {
			return w.managers[k].Renew(ctx, x)
		}),
		"login": with(func(ctx context.Context, w *side, x *sessions.Session[visit]) error {
			x.Device, x.Federated = sessions.Device{Name: text}, []string{"", "ann", "bob", "bob"}[n]
			return w.managers[k].Authenticate(ctx, x, subject)
		}),
		"login bound": with(func(ctx context.Context, w *side, x *sessions.Session[visit]) error {
			return w.managers[k].AuthenticateBound(ctx, x, subject, binding)
		}),
		"fresh login": func(ctx context.Context, w *side) string {
			x := w.managers[k].Create()
			return hold(w, x, w.managers[k].Authenticate(ctx, x, subject))
		},
		"bind": with(func(ctx context.Context, w *side, x *sessions.Session[visit]) error {
			return w.managers[k].Bind(ctx, x, append(bytes.Clone(x.Binding()[:min(33, len(x.Binding()))]), binding[:n]...))
		}),
		"discard": with(func(_ context.Context, w *side, x *sessions.Session[visit]) error { return w.managers[k].Discard(x) }),
		"destroy": with(func(ctx context.Context, w *side, x *sessions.Session[visit]) error {
			return w.managers[k].Destroy(ctx, x)
		}),
		"destroy ID": func(ctx context.Context, w *side) string { return classOf(w.managers[k].DestroyID(ctx, id)) },
		"revoke": func(ctx context.Context, w *side) string {
			return classOf(w.managers[k].Revoke(ctx, subject, sessions.IDOf(id).Handle()))
		},
		"sessions": func(ctx context.Context, w *side) string { return infos(w.managers[k].Sessions(ctx, subject)) },
		"page": func(ctx context.Context, w *side) string {
			all, next, err := w.managers[k].SessionsPage(ctx, subject, "", n+1)
			return infos(all, err) + next
		},
		"revoke all": func(ctx context.Context, w *side) string {
			ended, err := w.managers[k].RevokeAll(ctx, subject, sessions.IDOf(id).Handle())
			return fmt.Sprint(ended, classOf(err))
		},
		"revoke federated": func(ctx context.Context, w *side) string {
			ended, err := w.managers[k].RevokeFederated(ctx, subject)
			return fmt.Sprint(ended, classOf(err))
		},
		"revoke before": func(ctx context.Context, w *side) string {
			return classOf(w.managers[k].RevokeBefore(ctx, moment.Add(-time.Duration(n)*10*time.Minute)))
		},
		"wait end": with(func(ctx context.Context, w *side, x *sessions.Session[visit]) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return w.managers[k].WaitEnd(ctx, x, time.Minute)
		}),
	}
	var names []string
	for name := range all {
		if held < 0 && name != "new" && name != "create" && name != "fresh login" && name != "old" {
			continue // there is nothing to do it with yet
		}
		names = append(names, name)
	}
	slices.Sort(names)
	name := oneOf(r, names...)
	return doing{fmt.Sprint(name, " ", k), all[name]}
}
