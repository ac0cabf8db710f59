package proof_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/proof"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

type marks = map[string]int

// oldT and newT are the data of two binaries. Each has members that the other doesn't know, both at
// the top level and nested.
type oldT struct {
	Both  marks    `json:"both"`
	Old   marks    `json:"old,omitempty"`
	Prefs oldPrefs `json:"prefs"`
}

type oldPrefs struct {
	Both marks `json:"both,omitempty"`
	Old  marks `json:"old,omitempty"`
}

type newT struct {
	Prefs *newPrefs `json:"prefs"`
	New   marks     `json:"new,omitempty"`
	Both  marks     `json:"both"`
}

type newPrefs struct {
	New  marks `json:"new,omitempty"`
	Both marks `json:"both,omitempty"`
}

func (b *oldT) members() map[string]*marks {
	return map[string]*marks{"both": &b.Both, "old": &b.Old, "prefs.both": &b.Prefs.Both, "prefs.old": &b.Prefs.Old}
}

func (a *newT) members() map[string]*marks {
	if a.Prefs == nil {
		a.Prefs = &newPrefs{}
	}
	return map[string]*marks{"both": &a.Both, "new": &a.New, "prefs.both": &a.Prefs.Both, "prefs.new": &a.Prefs.New}
}

func put(m *marks, mark string) {
	if *m == nil {
		*m = marks{}
	}
	(*m)[mark] = len(*m)
}

// binary is a process of one release. Its page returns the marks that it saw in each member.
type binary struct {
	members []string
	create  func(ctx context.Context) (id string, err error)
	page    func(ctx context.Context, id string) (seen map[string]marks, err error)
	change  func(ctx context.Context, id, member, mark string, update bool) error
	renew   func(ctx context.Context, id, member, mark string) (next string, err error)
	sign    func(ctx context.Context, id, member, mark string) (next string, err error)
}

// release returns a binary whose T is D. If careless, its pages change what they read.
func release[D any, P interface {
	*D
	members() map[string]*marks
}](t *testing.T, store driver.Store, cfg sessions.Config[D], careless bool,
) binary {
	t.Helper()
	m, err := sessions.New(store, &cfg)
	is.New(t).NoErr(err)
	var none D
	b := binary{members: slices.Sorted(maps.Keys(P(&none).members()))}
	b.create = func(ctx context.Context) (string, error) {
		s := m.Create()
		return s.ID().Secret(), m.Save(ctx, s)
	}
	b.page = func(ctx context.Context, id string) (map[string]marks, error) {
		s, err := m.Load(ctx, id)
		if err != nil {
			return nil, err
		}
		seen := map[string]marks{}
		data := s.Data
		for name, member := range P(&data).members() {
			seen[name] = *member
		}
		if careless {
			put(P(&s.Data).members()["both"], "seen")
			(*P(&s.Data).members()["both"])["seen"] = int(rand.Int32())
		}
		if err := m.Save(ctx, s); err != nil {
			return seen, err
		}
		_, err = m.Update(ctx, id, func(*D) error { return nil })
		return seen, err
	}
	b.change = func(ctx context.Context, id, member, mark string, update bool) error {
		if update {
			_, err := m.Update(ctx, id, func(d *D) error { put(P(d).members()[member], mark); return nil })
			return err
		}
		s, err := m.Load(ctx, id)
		if err != nil {
			return err
		}
		put(P(&s.Data).members()[member], mark)
		return m.Save(ctx, s)
	}
	move := func(ctx context.Context, id, member, mark string, call func(*sessions.Session[D]) error) (string, error) {
		s, err := m.Load(ctx, id)
		if err != nil {
			return "", err
		}
		put(P(&s.Data).members()[member], mark)
		err = call(s)
		return s.ID().Secret(), err
	}
	b.renew = func(ctx context.Context, id, member, mark string) (string, error) {
		return move(ctx, id, member, mark, func(s *sessions.Session[D]) error { return m.Renew(ctx, s) })
	}
	b.sign = func(ctx context.Context, id, member, mark string) (string, error) {
		return move(ctx, id, member, mark, func(s *sessions.Session[D]) error { return m.Authenticate(ctx, s, "user") })
	}
	return b
}

// writing is the context key of the counter for an operation's writes of data.
type writing struct{}

// metered is a store that counts the writes of data for each operation.
type metered struct{ driver.Store }

func count(ctx context.Context) {
	if n, ok := ctx.Value(writing{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}

func (m metered) Create(ctx context.Context, rec driver.Record) error {
	count(ctx)
	return m.Store.Create(ctx, rec)
}

func (m metered) Replace(ctx context.Context, rec driver.Record, rev string) error {
	count(ctx)
	return m.Store.Replace(ctx, rec, rev)
}

// fleet consists of binaries of two releases that serve the same sessions.
type fleet struct {
	binaries []binary
	ticks    *atomic.Int64

	mu        sync.Mutex
	done      []told // acknowledged changes
	anomalies []string
	ops       map[string]int
}

// told is an acknowledged change.
type told struct {
	life   *path
	round  int
	member string
	mark   string
	at     int64
}

// path is a session through all its IDs. After a renewal with an unknown outcome it is a new
// session.
type path struct {
	mu    sync.Mutex
	name  string
	id    string
	round int
	lost  bool
}

// begin starts a new session for a path. The caller must hold the path's lock.
func (p *path) begin(ctx context.Context, b binary) {
	if id, err := b.create(ctx); err == nil {
		p.id, p.lost = id, false
		p.round++
	}
}

func (f *fleet) anomaly(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.anomalies = append(f.anomalies, fmt.Sprintf(format, args...))
}

// work lets clients use the sessions, which they share.
func (f *fleet) work(t *testing.T, seed uint64, clients, clicks int) {
	t.Helper()
	var paths []*path
	for i := range 4 {
		paths = append(paths, &path{name: fmt.Sprint("session ", i), lost: true})
	}
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(c)))
			for n := range clicks {
				f.click(t.Context(), random, paths[random.IntN(len(paths))], fmt.Sprintf("c%d-%d", c, n))
			}
		})
	}
	all.Wait()
}

// look loads a page that only reads.
func (f *fleet) look(ctx context.Context, b binary, p *path, id string, round int) {
	var writes atomic.Int64
	begin := f.ticks.Add(1)
	seen, err := b.page(context.WithValue(ctx, writing{}, &writes), id)
	switch {
	case errors.Is(err, sessions.ErrConflict):
		f.anomaly("%s: a conflict between reads", p.name)
	case err != nil && !errors.Is(err, sessions.ErrUnavailable) && !errors.Is(err, sessions.ErrNotFound):
		f.anomaly("%s: a page: %v", p.name, err)
	}
	if n := writes.Load(); n > 0 {
		f.anomaly("%s: %d writes by a read", p.name, n)
	}
	if seen == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range f.done {
		members, knows := seen[d.member]
		if _, is := members[d.mark]; d.life == p && d.round == round && d.at < begin && knows && !is {
			f.anomalies = append(f.anomalies, fmt.Sprintf("%s: a member lost: %s of %s", p.name, d.mark, d.member))
		}
	}
}

func (f *fleet) click(ctx context.Context, random *rand.Rand, p *path, mark string) {
	b := f.binaries[random.IntN(len(f.binaries))]
	p.mu.Lock()
	if p.lost {
		p.begin(ctx, b)
	}
	id, round, lost := p.id, p.round, p.lost
	p.mu.Unlock()
	if lost {
		return
	}
	member := b.members[random.IntN(len(b.members))]
	var err error
	var next, kind string
	switch dice := random.IntN(100); {
	case dice < 50:
		f.look(ctx, b, p, id, round)
		return
	case dice < 90:
		kind = "change"
		err = b.change(ctx, id, member, mark, dice < 70)
	case dice < 97:
		kind = "renew"
		next, err = b.renew(ctx, id, member, mark)
	default:
		kind = "authenticate"
		next, err = b.sign(ctx, id, member, mark)
	}
	f.mu.Lock()
	f.ops[kind+" "+short(err)]++
	if err == nil {
		f.done = append(f.done, told{p, round, member, mark, f.ticks.Add(1)})
	}
	f.mu.Unlock()
	if errors.Is(err, sessions.ErrDecode) {
		f.anomaly("%s: %s: %v", p.name, kind, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case kind != "change" && err == nil && p.id == id:
		p.id = next
	case kind != "change" && p.round == round && errors.Is(err, sessions.ErrOutcomeUnknown):
		p.lost = true
	}
}

func short(err error) string {
	for name, target := range map[string]error{"unknown": sessions.ErrOutcomeUnknown, "gone": sessions.ErrNotFound, "conflict": sessions.ErrConflict} {
		if errors.Is(err, target) {
			return name
		}
	}
	if err != nil {
		return "failed"
	}
	return "done"
}

// deploy is a change from one release to the next.
type deploy struct {
	name     string
	old, new releaser
	finds    string // the expected anomaly; "" if none
}

// releaser makes a binary of its release.
type releaser func(t *testing.T, store driver.Store) binary

func ofBefore(cfg sessions.Config[oldT]) releaser {
	return func(t *testing.T, store driver.Store) binary { return release[oldT](t, store, cfg, false) }
}

func ofAfter(cfg sessions.Config[newT]) releaser {
	return func(t *testing.T, store driver.Store) binary { return release[newT](t, store, cfg, false) }
}

// careless returns a release whose pages write.
func careless(cfg sessions.Config[newT]) releaser {
	return func(t *testing.T, store driver.Store) binary { return release[newT](t, store, cfg, true) }
}

// form is one of the module's codecs, for both types.
type form struct {
	name string
	old  codec.Codec[oldT]
	new  codec.Codec[newT]
}

func forms() []form {
	return []form{
		{"json", codec.JSON[oldT]{}, codec.JSON[newT]{}},
		{"msgpack", msgpack.Codec[oldT]{}, msgpack.Codec[newT]{}},
		{"native", attribute.Codec[oldT]{}, attribute.Codec[newT]{}},
	}
}

// deploys change the type or the codec. To change both takes two deploys; see [codec.Upgrade].
func deploys(t *testing.T) []deploy {
	t.Helper()
	var all []deploy
	block, err := aes.NewCipher(make([]byte, 32))
	is.New(t).NoErr(err)
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	is.New(t).NoErr(err)
	aead := sealer{gcm}
	type (
		O = sessions.Config[oldT]
		N = sessions.Config[newT]
	)
	for _, f := range forms() {
		all = append(all,
			deploy{name: f.name + ", another T", old: ofBefore(O{Codec: f.old}), new: ofAfter(N{Codec: f.new})},
			deploy{
				name: f.name + ", another T, and compressed", old: ofBefore(O{Codec: codec.Upgrade(f.old, codec.Compress(f.old, zstd.New(), 1))}),
				new: ofAfter(N{Codec: codec.Compress(f.new, zstd.New(), 1)}),
			},
			deploy{
				name: f.name + ", another T, and encrypted", old: ofBefore(O{Codec: f.old, AEAD: aead, AllowPlaintext: true, WritePlaintext: true}),
				new: ofAfter(N{Codec: f.new, AEAD: aead, AllowPlaintext: true}),
			},
		)
		for _, g := range forms() {
			if g.name != f.name {
				all = append(all, deploy{
					name: f.name + " to " + g.name,
					old:  ofBefore(O{Codec: codec.Upgrade(f.old, g.old)}), new: ofBefore(O{Codec: codec.Upgrade(g.old, f.old)}),
				})
			}
		}
	}
	return all
}

type sealer struct{ cipher.AEAD }

func (s sealer) Encrypt(plaintext, ad []byte) ([]byte, error) {
	return s.Seal(nil, nil, plaintext, ad), nil
}

func (s sealer) Decrypt(ciphertext, ad []byte) ([]byte, error) {
	return s.Open(nil, nil, ciphertext, ad)
}

// roll lets two binaries of each release serve sessions, and returns the anomalies.
func roll(t *testing.T, d deploy, store driver.Store, seed uint64, clicks int) []string {
	t.Helper()
	f := &fleet{ticks: new(atomic.Int64), ops: map[string]int{}}
	var all []*proof.Weather
	for i := range uint64(4) {
		weather := proof.NewWeather(store, proof.Rough, seed+i, f.ticks)
		all = append(all, weather)
		if i%2 == 0 {
			f.binaries = append(f.binaries, d.old(t, metered{weather}))
		} else {
			f.binaries = append(f.binaries, d.new(t, metered{weather}))
		}
	}
	f.work(t, seed, 12, clicks)
	for _, weather := range all {
		weather.Settle()
	}
	t.Log(f.ops)
	return f.anomalies
}

var clicks = flag.Int("clicks", 60, "how many times each client of TestFleet clicks")

// During a deploy, binaries of two releases serve the same sessions over an unreliable network. No
// member is lost, no read writes, and no read meets a conflict.
func TestFleet(t *testing.T) {
	s := drawn(t)
	for _, d := range deploys(t) {
		t.Run(d.name, func(t *testing.T) {
			store := memory()
			if *onEngine {
				store = engine.Store(t, engine.NewTable(t))
			}
			begin := time.Now()
			found := roll(t, d, store, s, *clicks)
			t.Log(time.Since(begin).Round(time.Millisecond))
			for _, a := range found[:min(len(found), 10)] {
				t.Error(a)
			}
		})
	}
}

// plain is a codec that does not keep what T doesn't know.
type plain[T any] struct{ codec codec.Codec[T] }

func (p plain[T]) Encode(v T) (codec.Payload, error)    { return p.codec.Encode(v) }
func (p plain[T]) Decode(from codec.Payload) (T, error) { return p.codec.Decode(from) }

// A binary that breaks a promise is detected.
func TestFleet_Saboteurs(t *testing.T) {
	s := drawn(t)
	type (
		O = sessions.Config[oldT]
		N = sessions.Config[newT]
	)
	both := forms()
	for _, d := range []deploy{
		{"DropUnknown", ofBefore(O{DropUnknown: true}), ofAfter(N{}), "a member lost"},
		{"a codec that drops what it doesn't know", ofBefore(O{Codec: plain[oldT]{codec.JSON[oldT]{}}}), ofAfter(N{}), "a member lost"},
		{
			"T and the codec in one deploy", ofBefore(O{Codec: codec.Upgrade(both[0].old, both[1].old)}),
			ofAfter(N{Codec: codec.Upgrade(both[1].new, both[0].new)}), "a member lost",
		},
		{"a page that writes", ofBefore(O{}), careless(N{}), "writes by a read"},
		{"pages that meet conflicts", ofBefore(O{}), careless(N{Merge: sessions.NoMerge[newT]}), "a conflict between reads"},
	} {
		t.Run(d.name, func(t *testing.T) {
			for round := range uint64(5) {
				found := roll(t, d, memory(), s+round, 40)
				for _, a := range found {
					if strings.Contains(a, d.finds) {
						t.Logf("round %d: %d anomalies, such as %s", round, len(found), a)
						return
					}
				}
			}
			t.Fatal("not caught")
		})
	}
}
