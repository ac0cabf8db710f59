// Package evolving_test plays through the changes of docs/evolving.md, with the binaries before and
// after the change at work on the same sessions.
package evolving_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// writes is a store that counts the writes of data.
type writes struct {
	driver.Store
	n atomic.Int64
}

func (w *writes) Create(ctx context.Context, rec driver.Record) error {
	w.n.Add(1)
	return w.Store.Create(ctx, rec)
}

func (w *writes) Replace(ctx context.Context, rec driver.Record, rev string) error {
	w.n.Add(1)
	return w.Store.Replace(ctx, rec, rev)
}

// step is one deploy of a change. The binaries before and after it run at the same time.
type step struct {
	name string
	play func(t *testing.T, store *writes)
}

// binary is a version of the application: a type and its Config.
type binary[T any] struct {
	config sessions.Config[T]
	change func(*T)      // makes a request that changes something
	sees   func(T) error // checks the changes of both binaries
}

// rolling returns a step that deploys next in place of old and then goes back.
func rolling[Old, New any](name string, start Old, old binary[Old], next binary[New]) step {
	return step{name, func(t *testing.T, store *writes) {
		is, ctx := is.New(t), t.Context()
		before, err := sessions.New(store, &old.config)
		is.NoErr(err)
		after, err := sessions.New(store, &next.config)
		is.NoErr(err)
		for _, first := range []string{"before", "after"} {
			s, err := before.CreateAndSave(ctx, start)
			is.NoErr(err)
			is.NoErr(before.Authenticate(ctx, s, "user-"+first))
			id := s.ID().Secret()
			read(t, store, before, after, id)
			// Each binary changes something, in either order.
			turns := []func(){func() { changed(t, before, id, old.change) }, func() { changed(t, after, id, next.change) }}
			if first == "after" {
				turns[0], turns[1] = turns[1], turns[0]
			}
			for _, turn := range turns {
				turn()
				read(t, store, before, after, id)
			}
			sees(t, before, id, old.sees)
			sees(t, after, id, next.sees)
			// Renewals by either binary lose nothing.
			for range 2 {
				s, err := before.Load(ctx, id)
				is.NoErr(err)
				is.NoErr(before.Renew(ctx, s))
				id = s.ID().Secret()
				read(t, store, before, after, id)
				n, err := after.Load(ctx, id)
				is.NoErr(err)
				is.NoErr(after.Renew(ctx, n))
				id = n.ID().Secret()
			}
			sees(t, before, id, old.sees) // a rollback would lose nothing
			sees(t, after, id, next.sees)
			n, err := after.RevokeAll(ctx, "user-"+first)
			is.NoErr(err)
			is.Equal(n, 1)
		}
	}}
}

// read lets eight pages of each binary load the session at the same time and save it unchanged. It
// checks that nothing is written and no conflict is reported.
func read[Old, New any](t *testing.T, store *writes, before *sessions.Manager[Old], after *sessions.Manager[New], id string) {
	t.Helper()
	store.n.Store(0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { page(t, before, id) })
		wg.Go(func() { page(t, after, id) })
	}
	wg.Wait()
	if n := store.n.Load(); n != 0 {
		t.Errorf("%d writes of pages that only read", n)
	}
}

func page[T any](t *testing.T, m *sessions.Manager[T], id string) {
	t.Helper()
	s, err := m.Load(t.Context(), id)
	if err == nil {
		err = m.Save(t.Context(), s)
	}
	if err == nil {
		_, err = m.Update(t.Context(), id, func(*T) error { return nil })
	}
	if err != nil {
		t.Errorf("a page that only reads: %v", err)
	}
}

func changed[T any](t *testing.T, m *sessions.Manager[T], id string, change func(*T)) {
	t.Helper()
	is := is.New(t)
	s, err := m.Load(t.Context(), id)
	is.NoErr(err)
	change(&s.Data)
	is.NoErr(m.Save(t.Context(), s))
}

func sees[T any](t *testing.T, m *sessions.Manager[T], id string, check func(T) error) {
	t.Helper()
	is := is.New(t)
	s, err := m.Load(t.Context(), id)
	is.NoErr(err)
	is.NoErr(check(s.Data))
}

// cart, and the types that replace it.
type (
	cart struct {
		User  string         `json:"user"`
		Items []string       `json:"items"`
		Prefs map[string]any `json:"prefs,omitempty"`
	}
	cartWithCoupon struct {
		User   string         `json:"user"`
		Items  []string       `json:"items"`
		Prefs  map[string]any `json:"prefs,omitempty"`
		Coupon *coupon        `json:"coupon,omitempty"`
	}
	coupon struct {
		Code string `json:"code"`
	}
	cartWithoutItems struct {
		User  string         `json:"user"`
		Prefs map[string]any `json:"prefs,omitempty"`
	}
	cartReordered struct {
		Prefs map[string]any `json:"prefs,omitempty"`
		Owner string         `json:"user"` // the Go name changes, the stored name does not
		Items []string       `json:"items"`
	}
	// lines is cart with a field of another name and type.
	lines struct {
		User  string         `json:"user"`
		Lines []line         `json:"lines"`
		Prefs map[string]any `json:"prefs,omitempty"`
	}
	line struct {
		SKU   string `json:"sku"`
		Count int    `json:"count"`
	}
	// account and basket are the two parts into which cart is split.
	split struct {
		Account account `json:"account"`
		Basket  basket  `json:"basket"`
	}
	account struct {
		User  string         `json:"user"`
		Prefs map[string]any `json:"prefs,omitempty"`
	}
	basket struct {
		Items []string `json:"items"`
	}
)

func toLines(c cart) (lines, error) {
	out := lines{User: c.User, Prefs: c.Prefs}
	for _, item := range c.Items {
		sku, count, counted := strings.Cut(item, "*")
		n := 1
		if counted {
			var err error
			if n, err = strconv.Atoi(count); err != nil {
				return out, err
			}
		}
		out.Lines = append(out.Lines, line{sku, n})
	}
	return out, nil
}

func fromLines(l lines) (cart, error) {
	out := cart{User: l.User, Prefs: l.Prefs}
	for _, one := range l.Lines {
		item := one.SKU
		if one.Count != 1 {
			item += "*" + strconv.Itoa(one.Count)
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

func toSplit(c cart) (split, error) {
	return split{account{c.User, c.Prefs}, basket{c.Items}}, nil
}

func fromSplit(s split) (cart, error) {
	return cart{s.Account.User, s.Basket.Items, s.Account.Prefs}, nil
}

// want returns an error unless got has exactly these items.
func want(got []string, items ...string) error {
	if strings.Join(got, " ") != strings.Join(items, " ") && strings.Join(got, " ") != strings.Join(items, "|") {
		return fmt.Errorf("the items are %q, want %q", got, items)
	}
	return nil
}

func has(items []string, all ...string) error {
	for _, one := range all {
		if !strings.Contains(" "+strings.Join(items, " ")+" ", " "+one+" ") {
			return fmt.Errorf("the items are %q, and lack %q", items, one)
		}
	}
	return nil
}

// start returns the session data before a deploy.
func start() cart {
	return cart{User: "u7", Items: []string{"tea"}, Prefs: map[string]any{"theme": "dark"}}
}

// ofCart returns a binary whose T is cart.
func ofCart(c codec.Codec[cart], config sessions.Config[cart]) binary[cart] {
	config.Codec = c
	return binary[cart]{config, func(c *cart) { c.Items = append(c.Items, "old") }, func(c cart) error {
		if c.User != "u7" || fmt.Sprint(c.Prefs["theme"]) != "dark" {
			return errors.New("user or preferences are lost")
		}
		return has(c.Items, "tea", "old")
	}}
}

// other returns another binary whose T is cart.
func other(c codec.Codec[cart], config sessions.Config[cart]) binary[cart] {
	b := ofCart(c, config)
	old := b.sees
	b.change = func(c *cart) { c.Prefs["new"] = "yes" }
	b.sees = func(c cart) error {
		if c.Prefs["new"] != "yes" {
			return errors.New("what the new binary has stored is lost")
		}
		return old(c)
	}
	return b
}

// form is one of the module's codecs.
type form struct {
	name    string
	cart    codec.Codec[cart]
	coupon  codec.Codec[cartWithCoupon]
	without codec.Codec[cartWithoutItems]
	order   codec.Codec[cartReordered]
	lines   codec.Codec[lines]
	split   codec.Codec[split]
}

func forms() []form {
	return []form{
		{"json", codec.JSON[cart]{}, codec.JSON[cartWithCoupon]{}, codec.JSON[cartWithoutItems]{}, codec.JSON[cartReordered]{}, codec.JSON[lines]{}, codec.JSON[split]{}},
		{"msgpack", msgpack.Codec[cart]{}, msgpack.Codec[cartWithCoupon]{}, msgpack.Codec[cartWithoutItems]{}, msgpack.Codec[cartReordered]{}, msgpack.Codec[lines]{}, msgpack.Codec[split]{}},
		{"native", attribute.Codec[cart]{}, attribute.Codec[cartWithCoupon]{}, attribute.Codec[cartWithoutItems]{}, attribute.Codec[cartReordered]{}, attribute.Codec[lines]{}, attribute.Codec[split]{}},
	}
}

func steps(aead sessions.AEAD) []step {
	var all []step
	for _, f := range forms() {
		all = append(all,
			rolling("add a field/"+f.name, start(), ofCart(f.cart, sessions.Config[cart]{}), binary[cartWithCoupon]{
				sessions.Config[cartWithCoupon]{Codec: f.coupon},
				func(c *cartWithCoupon) { c.Coupon = &coupon{"SPRING"} },
				func(c cartWithCoupon) error {
					if c.Coupon == nil || c.Coupon.Code != "SPRING" {
						return errors.New("the coupon is lost")
					}
					return has(c.Items, "tea", "old")
				},
			}),
			rolling("remove a field/"+f.name, start(), ofCart(f.cart, sessions.Config[cart]{}), binary[cartWithoutItems]{
				sessions.Config[cartWithoutItems]{Codec: f.without},
				func(c *cartWithoutItems) { c.Prefs["new"] = "yes" },
				func(c cartWithoutItems) error {
					return want([]string{c.User, fmt.Sprint(c.Prefs["theme"])}, "u7", "dark")
				},
			}),
			rolling("rename in Go, and another order/"+f.name, start(), ofCart(f.cart, sessions.Config[cart]{}), binary[cartReordered]{
				sessions.Config[cartReordered]{Codec: f.order},
				func(c *cartReordered) { c.Prefs["new"] = "yes" },
				func(c cartReordered) error { return want([]string{c.Owner, fmt.Sprint(c.Prefs["new"])}, "u7", "yes") },
			}),
		)
		// A stored name or type changes in two deploys. With the first, the old type learns
		// to read the new one.
		reads := codec.Upgrade(f.cart, codec.Migrate(codec.Version(2, f.lines), fromLines))
		becomes := binary[lines]{
			sessions.Config[lines]{Codec: codec.Upgrade(codec.Version(2, f.lines), codec.Migrate(f.cart, toLines))},
			func(l *lines) { l.Lines = append(l.Lines, line{"cups", 6}) },
			func(l lines) error {
				c, _ := fromLines(l)
				return has(c.Items, "tea", "old", "cups*6")
			},
		}
		all = append(all,
			rolling("change a type, first deploy/"+f.name, start(), ofCart(f.cart, sessions.Config[cart]{}), other(reads, sessions.Config[cart]{})),
			rolling("change a type, second deploy/"+f.name, start(), ofCart(reads, sessions.Config[cart]{}), becomes),
		)
		reads = codec.Upgrade(f.cart, codec.Migrate(codec.Version(2, f.split), fromSplit))
		all = append(all, rolling("split a struct, second deploy/"+f.name, start(), ofCart(reads, sessions.Config[cart]{}), binary[split]{
			sessions.Config[split]{Codec: codec.Upgrade(codec.Version(2, f.split), codec.Migrate(f.cart, toSplit))},
			func(s *split) { s.Account.Prefs["new"] = "yes" },
			func(s split) error { return has(s.Basket.Items, "tea", "old") },
		}))
		for _, to := range forms() {
			if to.name == f.name {
				continue
			}
			both, after := codec.Upgrade(f.cart, to.cart), codec.Upgrade(to.cart, f.cart)
			all = append(all,
				rolling("change the codec, first deploy/"+f.name+" to "+to.name, start(), ofCart(f.cart, sessions.Config[cart]{}), other(both, sessions.Config[cart]{})),
				rolling("change the codec, second deploy/"+f.name+" to "+to.name, start(), ofCart(both, sessions.Config[cart]{}), other(after, sessions.Config[cart]{})),
			)
		}
		packed := codec.Compress(f.cart, zstd.New(), 1)
		both := codec.Upgrade(f.cart, packed)
		all = append(all,
			rolling("compress, first deploy/"+f.name, start(), ofCart(f.cart, sessions.Config[cart]{}), other(both, sessions.Config[cart]{})),
			rolling("compress, second deploy/"+f.name, start(), ofCart(both, sessions.Config[cart]{}), other(packed, sessions.Config[cart]{})),
			rolling("encrypt, first deploy/"+f.name, start(), ofCart(f.cart, sessions.Config[cart]{}),
				other(f.cart, sessions.Config[cart]{AEAD: aead, AllowPlaintext: true, WritePlaintext: true})),
			rolling("encrypt, second deploy/"+f.name, start(), ofCart(f.cart, sessions.Config[cart]{AEAD: aead, AllowPlaintext: true, WritePlaintext: true}),
				other(f.cart, sessions.Config[cart]{AEAD: aead, AllowPlaintext: true})),
			rolling("encrypt, last deploy/"+f.name, start(), ofCart(f.cart, sessions.Config[cart]{AEAD: aead, AllowPlaintext: true}),
				other(f.cart, sessions.Config[cart]{AEAD: aead})),
		)
	}
	return all
}

type gcm struct{ cipher.AEAD }

func (g gcm) Encrypt(plaintext, ad []byte) ([]byte, error) {
	return g.Seal(nil, nil, plaintext, ad), nil
}

func (g gcm) Decrypt(ciphertext, ad []byte) ([]byte, error) { return g.Open(nil, nil, ciphertext, ad) }

func newAEAD(t *testing.T) sessions.AEAD {
	t.Helper()
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	a, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return gcm{a}
}

func TestRolling(t *testing.T) {
	for _, s := range steps(newAEAD(t)) {
		t.Run(s.name, func(t *testing.T) {
			s.play(t, &writes{Store: memstore.New(nil)})
		})
	}
}

func TestRolling_OnDynamoDB(t *testing.T) {
	table := engine.NewTable(t)
	for _, s := range steps(newAEAD(t)) {
		t.Run(s.name, func(t *testing.T) {
			s.play(t, &writes{Store: engine.Store(t, table)})
		})
	}
}

// A binary that can't read a session gets ErrDecode and leaves the session intact for the binary
// that can.
func TestRolling_WithoutTheFirstDeploy(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	store := memstore.New(nil)
	before, err := sessions.New[cart](store, nil)
	is.NoErr(err)
	after, err := sessions.New(store, &sessions.Config[lines]{
		Codec: codec.Upgrade(codec.Version(2, codec.JSON[lines]{}), codec.Migrate(codec.JSON[cart]{}, toLines)),
	})
	is.NoErr(err)
	s, err := before.CreateAndSave(ctx, start())
	is.NoErr(err)
	n, err := after.Load(ctx, s.ID().Secret())
	is.NoErr(err)
	n.Data.Lines = append(n.Data.Lines, line{"cups", 2})
	is.NoErr(after.Save(ctx, n))
	_, err = before.Load(ctx, s.ID().Secret())
	if !errors.Is(err, sessions.ErrDecode) {
		t.Fatal(err)
	}
	n, err = after.Load(ctx, s.ID().Secret())
	is.NoErr(err)
	is.Equal(n.Data.Lines, []line{{"tea", 1}, {"cups", 2}})
}

// A session that a binary can't read does not block its user's next login, even at the limit.
func TestRolling_WhatCannotBeReadFreesItsPlace(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	store := memstore.New(nil)
	after, err := sessions.New(store, &sessions.Config[lines]{Codec: codec.Version(2, codec.JSON[lines]{})})
	is.NoErr(err)
	s := after.Create()
	is.NoErr(after.Authenticate(ctx, s, "user"))
	before, err := sessions.New(store, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 1}})
	is.NoErr(err)
	_, err = before.Load(ctx, s.ID().Secret())
	if !errors.Is(err, sessions.ErrDecode) {
		t.Fatal(err)
	}
	is.NoErr(before.Authenticate(ctx, before.Create(), "user"))
}

// With DropUnknown, the next write removes what T doesn't know.
func TestRolling_DropUnknown(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	store := memstore.New(nil)
	after, err := sessions.New[cartWithCoupon](store, nil)
	is.NoErr(err)
	s, err := after.CreateAndSave(ctx, cartWithCoupon{User: "u7", Coupon: &coupon{"SPRING"}})
	is.NoErr(err)
	before, err := sessions.New(store, &sessions.Config[cart]{DropUnknown: true})
	is.NoErr(err)
	changed(t, before, s.ID().Secret(), func(c *cart) { c.Items = []string{"tea"} })
	sees(t, after, s.ID().Secret(), func(c cartWithCoupon) error {
		if c.Coupon != nil {
			return errors.New("the coupon has survived")
		}
		return nil
	})
}
