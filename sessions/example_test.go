package sessions_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// Cart is the data of an application's sessions.
type Cart struct {
	Items []string `json:"items"`
	Note  string   `json:"note,omitempty"`
}

// must ends the program at an error.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func newManager(cfg *sessions.Config[Cart]) *sessions.Manager[Cart] {
	m, err := sessions.New(memstore.New(nil), cfg)
	if err != nil {
		panic(err)
	}
	return m
}

func Example() {
	ctx := context.Background()
	m, err := sessions.New[Cart](memstore.New(nil), nil) // in production a dynamo.Store
	if err != nil {
		panic(err)
	}
	s, _ := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}})
	cookie := s.ID().Secret() // goes to the client, and nowhere else

	s, _ = m.Load(ctx, cookie) // the next request
	s.Data.Items = append(s.Data.Items, "cups")
	fmt.Println(m.Save(ctx, s), s.Data.Items)

	fmt.Println(m.Destroy(ctx, s))
	_, err = m.Load(ctx, cookie)
	fmt.Println(errors.Is(err, sessions.ErrNotFound))
	// Output:
	// <nil> [tea cups]
	// <nil>
	// true
}

func ExampleNew_wrong() {
	_, err := sessions.New(memstore.New(nil), &sessions.Config[Cart]{IdleTimeout: 1500 * time.Millisecond})
	fmt.Println(err)
	// Output: sessions: New: Config.IdleTimeout is 1.5s: must be whole seconds, at least 1s
}

func ExampleManager_LoadOrCreate() {
	ctx := context.Background()
	m := newManager(nil)
	s, err := m.LoadOrCreate(ctx, "what a stranger has sent")
	fmt.Println(err, s.IsNew(), s.ID().Secret() == "what a stranger has sent")
	// Output: <nil> true false
}

func ExampleManager_Save_merged() {
	ctx := context.Background()
	m := newManager(nil)
	s, _ := m.CreateAndSave(ctx, Cart{})

	one, _ := m.Load(ctx, s.ID().Secret()) // two requests at the same time
	two, _ := m.Load(ctx, s.ID().Secret())
	one.Data.Items = []string{"tea"}
	two.Data.Note = "for Ann"
	fmt.Println(m.Save(ctx, one), m.Save(ctx, two))
	fmt.Println(two.Data)
	// Output:
	// <nil> <nil>
	// {[tea] for Ann}
}

func ExampleManager_Save_conflict() {
	ctx := context.Background()
	m := newManager(nil)
	s, _ := m.CreateAndSave(ctx, Cart{})

	one, _ := m.Load(ctx, s.ID().Secret())
	two, _ := m.Load(ctx, s.ID().Secret())
	one.Data.Note, two.Data.Note = "for Ann", "for Bob"
	fmt.Println(m.Save(ctx, one))
	fmt.Println(errors.Is(m.Save(ctx, two), sessions.ErrConflict))
	// Output:
	// <nil>
	// true
}

func ExampleManager_Update() {
	ctx := context.Background()
	m := newManager(nil)
	first, err := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}})
	must(err)
	id := first.ID().Secret()

	s, err := m.Update(ctx, id, func(c *Cart) error {
		c.Items = append(c.Items, "sugar")
		return nil
	})
	must(err)
	fmt.Println(s.Data.Items)
	// Output: [tea sugar]
}

func ExampleManager_Discard() {
	ctx := context.Background()
	m := newManager(nil)
	s, _ := m.CreateAndSave(ctx, Cart{Note: "as it was"})
	s.Data.Note = "half done"
	fmt.Println(m.Discard(s), s.Data.Note)
	// Output: <nil> as it was
}

func ExampleManager_Changed() {
	ctx := context.Background()
	m := newManager(nil)
	s, _ := m.CreateAndSave(ctx, Cart{})
	before := m.Changed(s)
	s.Data.Note = "for Ann"
	fmt.Println(before, m.Changed(s))
	// Output: false true
}

func ExampleManager_Renew() {
	ctx := context.Background()
	m := newManager(nil)
	s, _ := m.CreateAndSave(ctx, Cart{})
	old := s.ID().Secret()
	fmt.Println(m.Renew(ctx, s), s.ID().Secret() == old)

	_, err := m.Load(ctx, old) // a request that was under way
	fmt.Println(errors.Is(err, sessions.ErrRenewed), errors.Is(err, sessions.ErrNotFound))
	// Output:
	// <nil> false
	// true true
}

func ExampleManager_Authenticate() {
	ctx := context.Background()
	m := newManager(nil)
	s := m.Create()
	s.Device = sessions.Device{Name: "Firefox on Linux"}
	fmt.Println(m.Authenticate(ctx, s, "user-7"), s.Subject())

	infos, _ := m.Sessions(ctx, "user-7")
	fmt.Println(len(infos), infos[0].Device.Name, infos[0].Handle == s.Handle())
	// Output:
	// <nil> user-7
	// 1 Firefox on Linux true
}

func ExampleManager_Revoke() {
	ctx := context.Background()
	m := newManager(nil)
	phone, laptop := m.Create(), m.Create()
	_, _ = m.Authenticate(ctx, phone, "user-7"), m.Authenticate(ctx, laptop, "user-7")

	fmt.Println(m.Revoke(ctx, "user-7", phone.Handle()))
	_, err := m.Load(ctx, phone.ID().Secret())
	fmt.Println(errors.Is(err, sessions.ErrNotFound))
	// Output:
	// <nil>
	// true
}

func ExampleManager_RevokeAll() {
	ctx := context.Background()
	m := newManager(nil)
	for range 3 {
		_ = m.Authenticate(ctx, m.Create(), "user-7")
	}
	current := m.Create()
	_ = m.Authenticate(ctx, current, "user-7")

	n, err := m.RevokeAll(ctx, "user-7", current.Handle()) // after a change of password
	infos, _ := m.Sessions(ctx, "user-7")
	fmt.Println(n, err, len(infos))
	// Output: 3 <nil> 1
}

func ExampleManager_RevokeFederated() {
	ctx := context.Background()
	m := newManager(nil)
	s := m.Create()
	s.Federated = "https://idp.example 08a5019c" // issuer and sid of the ID token
	_ = m.Authenticate(ctx, s, "user-7")

	fmt.Println(m.RevokeFederated(ctx, "https://idp.example 08a5019c")) // the provider's back-channel logout
	// Output: 1 <nil>
}

func ExampleManager_RevokeBefore() {
	ctx := context.Background()
	now := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	m := newManager(&sessions.Config[Cart]{Clock: now, RevocationCheck: time.Minute})
	s, _ := m.CreateAndSave(ctx, Cart{})
	now.Advance(time.Hour)

	fmt.Println(m.RevokeBefore(ctx, now.Now())) // after an incident: one write, whatever their number
	_, err := m.Load(ctx, s.ID().Secret())
	fmt.Println(errors.Is(err, sessions.ErrNotFound))
	// Output:
	// <nil>
	// true
}

func ExampleManager_SessionsPage() {
	ctx := context.Background()
	m := newManager(nil)
	for range 5 {
		_ = m.Authenticate(ctx, m.Create(), "bot")
	}
	after := ""
	for {
		infos, next, err := m.SessionsPage(ctx, "bot", after, 2)
		fmt.Println(len(infos), err)
		if next == "" {
			break
		}
		after = next
	}
	// Output:
	// 2 <nil>
	// 2 <nil>
	// 1 <nil>
}

func ExampleSubjectLimit() {
	ctx := context.Background()
	m := newManager(&sessions.Config[Cart]{SubjectLimit: sessions.SubjectLimit{Max: 2}})
	for range 3 {
		err := m.Authenticate(ctx, m.Create(), "user-7")
		fmt.Println(errors.Is(err, sessions.ErrLimit))
	}
	// Output:
	// false
	// false
	// true
}

func ExampleSubjectLimit_evict() {
	ctx := context.Background()
	m := newManager(&sessions.Config[Cart]{SubjectLimit: sessions.SubjectLimit{Max: 1, Evict: true}})
	first, second := m.Create(), m.Create()
	fmt.Println(m.Authenticate(ctx, first, "user-7"), m.Authenticate(ctx, second, "user-7"))
	_, err := m.Load(ctx, first.ID().Secret())
	fmt.Println(errors.Is(err, sessions.ErrNotFound)) // the least recently used made room
	// Output:
	// <nil> <nil>
	// true
}

func ExampleManager_Peek() {
	ctx := context.Background()
	now := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	m := newManager(&sessions.Config[Cart]{Clock: now})
	s, _ := m.CreateAndSave(ctx, Cart{})
	for range 4 { // a page that polls keeps no session alive
		now.Advance(31 * time.Minute)
		_, err := m.Peek(ctx, s.ID().Secret())
		fmt.Println(err == nil)
	}
	// Output:
	// true
	// true
	// true
	// false
}

// A page that asks many times a second: one read, and 19 answers from memory.
func ExampleConfig_peekFor() {
	ctx := context.Background()
	reads := 0
	m := newManager(&sessions.Config[Cart]{PeekFor: 5 * time.Second, Observer: calls(func(n int) { reads += n })})
	s, _ := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}})
	id := s.ID().Secret()

	reads = 0
	for range 20 {
		_, _ = m.Peek(ctx, id)
	}
	fmt.Println(reads)

	_ = m.DestroyID(ctx, id) // by this Manager: at once
	_, err := m.Peek(ctx, id)
	fmt.Println(errors.Is(err, sessions.ErrNotFound))
	// Output:
	// 1
	// true
}

// calls is an observer of how many calls of the store an operation made.
type calls func(n int)

func (c calls) Observe(_ context.Context, e event.Event) { c(e.Calls) }

func ExampleManager_Recognizes() {
	m := newManager(nil)
	fmt.Println(m.Recognizes(m.Create().ID().Secret())) // whether anybody has it, Load says
	fmt.Println(m.Recognizes("a cookie of another application"))
	// Output:
	// true
	// false
}

func ExampleManager_Follow() {
	ctx := context.Background()
	m := newManager(nil)
	s, _ := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}})
	before := s.ID().Secret()
	_ = m.Authenticate(ctx, s, "user 42") // in another request: the first click of two

	_, err := m.Load(ctx, before)
	fmt.Println(errors.Is(err, sessions.ErrRenewed))
	found, _ := m.Follow(ctx, before) // for whoever has just shown the same password
	fmt.Println(found.Subject(), found.Data.Items)
	// Output:
	// true
	// user 42 [tea]
}

func ExampleManager_WaitEnd() {
	ctx := context.Background()
	m := newManager(nil)
	s, _ := m.CreateAndSave(ctx, Cart{})
	ended := make(chan error)
	go func() { ended <- m.WaitEnd(ctx, s, time.Second) }() // beside a stream or a WebSocket

	_ = m.DestroyID(ctx, s.ID().Secret()) // a logout in another request
	fmt.Println(<-ended)
	// Output: <nil>
}

func ExampleConfig_timeouts() {
	ctx := context.Background()
	now := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	store := memstore.New(&memstore.Config{Clock: now}) // lends the Manager its clock

	m, err := sessions.New(store, &sessions.Config[Cart]{
		IdleTimeout:     30 * time.Minute,
		AbsoluteTimeout: 8 * time.Hour,
		TouchInterval:   time.Minute, // how old the recorded access must be for a read to write a new one
	})
	must(err)

	s := m.Create()
	s.IdleTimeout = 14 * 24 * time.Hour // of this session alone, stored with it: "keep me signed in"
	s.AbsoluteTimeout = 90 * 24 * time.Hour
	s.Persist = true // its cookie lasts as long
	must(m.Save(ctx, s))

	now.Advance(7 * 24 * time.Hour)
	_, err = m.Load(ctx, s.ID().Secret())
	fmt.Println(err)
	// Output: <nil>
}

func ExampleConfig_application() {
	ctx := context.Background()
	store := memstore.New(nil) // one table
	shop, _ := sessions.New(store, &sessions.Config[Cart]{Application: "shop"})
	admin, _ := sessions.New(store, &sessions.Config[Cart]{Application: "admin"})
	s, _ := shop.CreateAndSave(ctx, Cart{})
	_, err := admin.Load(ctx, s.ID().Secret())
	fmt.Println(errors.Is(err, sessions.ErrNotFound))
	// Output: true
}

func ExampleConfig_observer() {
	ctx := context.Background()
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.LevelKey || a.Key == slog.MessageKey || a.Key == "subject" {
			return a
		}
		return slog.Attr{} // times and handles differ
	}}))
	m := newManager(&sessions.Config[Cart]{Observer: event.Log(logger)})
	s := m.Create()
	_ = m.Authenticate(ctx, s, "user-7")
	_ = m.Destroy(ctx, s)
	// Output:
	// level=INFO msg="session authenticated" subject=user-7
	// level=INFO msg="session destroyed" subject=user-7
}

func ExampleConfig_codec() {
	ctx := context.Background()
	store := memstore.New(nil)
	before, _ := sessions.New[Cart](store, nil) // JSON
	s, _ := before.CreateAndSave(ctx, Cart{Items: []string{"tea"}})

	both := codec.Upgrade[Cart](msgpack.Codec[Cart]{}, codec.JSON[Cart]{}) // writes MessagePack, still reads JSON
	after, _ := sessions.New(store, &sessions.Config[Cart]{Codec: both})
	s, err := after.Load(ctx, s.ID().Secret())
	fmt.Println(s.Data.Items, err)
	// Output: [tea] <nil>
}

func ExampleSignedIDs() {
	m := newManager(&sessions.Config[Cart]{IDs: sessions.SignedIDs(32, []byte("a key of at least 16 bytes"))})
	id := m.Create().ID().Secret()
	value, signature, _ := strings.Cut(id, ".")
	fmt.Println(len(value), len(signature))

	_, err := m.Load(context.Background(), value+".forged") // refused without a store call
	fmt.Println(errors.Is(err, sessions.ErrInvalidID))
	// Output:
	// 43 43
	// true
}

func ExampleMigrateIDs() {
	ctx := context.Background()
	store := memstore.New(nil)
	before, _ := sessions.New(store, &sessions.Config[Cart]{IDs: sessions.RandomIDs(24)})
	s, _ := before.CreateAndSave(ctx, Cart{})

	after, _ := sessions.New(store, &sessions.Config[Cart]{IDs: sessions.MigrateIDs(sessions.RandomIDs(32), sessions.RandomIDs(24))})
	s, _ = after.Load(ctx, s.ID().Secret())
	fmt.Println(after.NeedsRenewal(s))
	_ = after.Renew(ctx, s)
	fmt.Println(after.NeedsRenewal(s), len(s.ID().Secret()))
	// Output:
	// true
	// false 43
}

// Two hosts while a change of the scheme is being deployed: one that is prepared for it, and one
// that issues IDs of the new scheme already.
func ExampleAcceptIDs() {
	ctx := context.Background()
	store := memstore.New(nil)
	old, signed := sessions.RandomIDs(32), sessions.SignedIDs(32, []byte("a key of 16 bytes or more"))
	prepared, _ := sessions.New(store, &sessions.Config[Cart]{IDs: sessions.AcceptIDs(old, signed)})
	migrating, _ := sessions.New(store, &sessions.Config[Cart]{IDs: sessions.MigrateIDs(signed, old)})

	s, _ := migrating.CreateAndSave(ctx, Cart{})
	s, err := prepared.Load(ctx, s.ID().Secret())
	fmt.Println(err, prepared.NeedsRenewal(s))
	s, _ = prepared.CreateAndSave(ctx, Cart{})
	s, err = migrating.Load(ctx, s.ID().Secret())
	fmt.Println(err, migrating.NeedsRenewal(s))
	// Output:
	// <nil> false
	// <nil> true
}

func ExampleID() {
	m := newManager(nil)
	id := m.Create().ID()
	fmt.Println(len(id.Secret()), len(id.Handle()))
	fmt.Println(fmt.Sprint(id) == id.Handle()) // whatever prints it shows the handle
	// Output:
	// 43 128
	// true
}

func ExampleError() {
	m := newManager(nil)
	_, err := m.Load(context.Background(), "no ID of ours")
	var e *sessions.Error
	fmt.Println(errors.As(err, &e), e.Op, e.Err)
	// Output: true load session ID invalid: wrong length
}

func ExampleConfig_merge() {
	ctx, store := context.Background(), memstore.New(nil)

	m, err := sessions.New(store, &sessions.Config[Cart]{
		Merge: func(base, ours, theirs Cart) (Cart, error) {
			added := ours.Items[len(base.Items):]
			theirs.Items = append(slices.Clone(theirs.Items), added...)
			return theirs, nil
		},
	})
	must(err)

	s, err := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}})
	must(err)
	other, err := m.Load(ctx, s.ID().Secret())
	must(err)
	other.Data.Items = append(other.Data.Items, "milk")
	must(m.Save(ctx, other))

	s.Data.Items = append(s.Data.Items, "cups")
	must(m.Save(ctx, s))
	fmt.Println(s.Data.Items)
	// Output: [tea milk cups]
}

// List a user's sessions, and end one, all others, or those of one session at the identity
// provider.
func Example_subjects() {
	ctx, m := context.Background(), newManager(&sessions.Config[Cart]{RevocationCheck: time.Minute})
	for _, device := range []string{"phone", "tablet", "laptop"} {
		s := m.Create()
		s.Device.Name = device
		s.Federated = "https://idp.example " + device
		must(m.Authenticate(ctx, s, "user-7"))
	}
	s := m.Create()

	must(m.Authenticate(ctx, s, "user-7")) // login: the session is this user's from now on

	infos, err := m.Sessions(ctx, "user-7") // handle, times, device; never an ID
	must(err)
	for _, info := range infos {
		if info.Device.Name == "phone" {
			must(m.Revoke(ctx, "user-7", info.Handle)) // signs out one device
		}
	}

	n, err := m.RevokeFederated(ctx, "https://idp.example tablet") // one session at the identity provider
	must(err)
	all, err := m.RevokeAll(ctx, "user-7", s.Handle()) // all but this one, after a change of password
	must(err)

	must(m.RevokeBefore(ctx, m.Clock().Now())) // every user's, after an incident: one write

	fmt.Println(n, all)
	// Output: 1 1
}

// newAEAD returns an AES-GCM of the standard library. An application uses Tink, whose keysets fit.
func newAEAD() sessions.AEAD {
	block, err := aes.NewCipher([]byte("a key for this example, 32 bytes"))
	must(err)
	a, err := cipher.NewGCMWithRandomNonce(block)
	must(err)
	return gcm{a}
}

func ExampleAEAD() {
	ctx, store, primitive := context.Background(), memstore.New(nil), newAEAD()

	m, err := sessions.New(store, &sessions.Config[Cart]{
		Observer: event.Log(slog.Default()), // a line for each login, logout, renewal, forgery; reads at debug
		AEAD:     primitive,                 // encrypts the data; any Tink keyset fits
	})
	must(err)

	s, err := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}})
	must(err)
	rec, err := store.Load(ctx, s.Handle())
	must(err)
	stored, err := rec.Payload.Bytes()
	must(err)
	fmt.Println(rec.Payload.Format(), bytes.Contains(stored, []byte("tea")))
	// Output: aead2+json false
}

func ExampleManager_Load() {
	ctx, m := context.Background(), newManager(nil)
	s, err := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}})
	must(err)
	former := s.ID().Secret()
	must(m.Renew(ctx, s))

	for _, cookie := range []string{s.ID().Secret(), former, "12345"} {
		switch s, err := m.Load(ctx, cookie); {
		case err == nil:
			fmt.Println(s.Data.Items)
		case errors.Is(err, sessions.ErrRenewed):
			fmt.Println("the browser is about to get the new ID: leave its cookie alone")
		case errors.Is(err, sessions.ErrNotFound):
			fmt.Println("no session")
		default:
			fmt.Println("the store is unavailable: respond with 503")
		}
	}
	// Output:
	// [tea]
	// the browser is about to get the new ID: leave its cookie alone
	// no session
}

// A request that is still running during a logout can't bring the session back.
func ExampleManager_Destroy() {
	ctx, m := context.Background(), newManager(nil)
	s, err := m.CreateAndSave(ctx, Cart{})
	must(err)
	slow, err := m.Load(ctx, s.ID().Secret()) // another request of the same browser
	must(err)

	must(m.Destroy(ctx, s))

	slow.Data.Note = "too late"
	fmt.Println(errors.Is(m.Save(ctx, slow), sessions.ErrNotFound))
	// Output: true
}

// A logout needs only the ID that the client sent, and may be repeated.
func ExampleManager_DestroyID() {
	ctx, m := context.Background(), newManager(nil)
	s, err := m.CreateAndSave(ctx, Cart{})
	must(err)
	cookie := s.ID().Secret()

	fmt.Println(m.DestroyID(ctx, cookie), m.DestroyID(ctx, cookie))
	_, err = m.Load(ctx, cookie)
	fmt.Println(errors.Is(err, sessions.ErrNotFound))
	// Output:
	// <nil> <nil>
	// true
}

// A page on which users see their devices.
func ExampleManager_Sessions() {
	now := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	ctx, m := context.Background(), newManager(&sessions.Config[Cart]{Clock: now})
	for _, device := range []string{"Firefox on Linux", "Safari on iPhone"} {
		s := m.Create()
		s.Device.Name = device // before the login, which stores it
		must(m.Authenticate(ctx, s, "user-7"))
		now.Advance(10 * time.Minute)
	}

	list, err := m.Sessions(ctx, "user-7")
	must(err)
	for _, info := range list {
		fmt.Println(info.Device.Name, info.Accessed.Format(time.TimeOnly), len(info.Handle))
	}
	// Output:
	// Safari on iPhone 09:10:00 128
	// Firefox on Linux 09:00:00 128
}

// A session's binding is opaque to the Manager; the application checks the device's proof. Package
// web does this for browsers and API clients.
func ExampleManager_AuthenticateBound() {
	ctx, m := context.Background(), newManager(nil)
	binding := []byte("33 bytes that never change ...... and then the device's public key")
	s := m.Create()
	must(m.AuthenticateBound(ctx, s, "user-7", binding))

	_, err := m.LoadBound(ctx, s.ID().Secret(), func(binding []byte) error {
		return errors.New("the request is not signed by the key in the binding")
	})
	fmt.Println(errors.Is(err, sessions.ErrNotBound))
	// Output: true
}

// A session can be printed and logged: it shows its handle, neither its ID nor its data.
func ExampleSession() {
	s := newManager(nil).Create()
	s.Data.Note = "private"
	text := fmt.Sprintf("%+v", s)
	fmt.Println(text == "session "+s.Handle())
	fmt.Println(strings.Contains(text, "private"), strings.Contains(text, s.ID().Secret()))
	// Output:
	// true
	// false false
}

func ExampleSession_ExpiresAt() {
	now := clock.NewFake(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	s, err := newManager(&sessions.Config[Cart]{Clock: now}).CreateAndSave(context.Background(), Cart{})
	must(err)
	fmt.Println(s.ExpiresAt().Format(time.TimeOnly), "unless it is used before")
	fmt.Println(s.Deadline().Format(time.TimeOnly), "even if it is in use")
	// Output:
	// 11:00:00 unless it is used before
	// 21:00:00 even if it is in use
}

// marked makes IDs that secret scanners recognise in source code and logs.
type marked struct{ sessions.IDScheme }

const mark = "shop_session_"

func (m marked) New() sessions.ID { return sessions.IDOf(mark + m.IDScheme.New().Secret()) }

func (m marked) Parse(text string) (sessions.ID, error) {
	random, ok := strings.CutPrefix(text, mark)
	if !ok {
		return sessions.ID{}, sessions.ErrInvalidID
	}
	if _, err := m.IDScheme.Parse(random); err != nil {
		return sessions.ID{}, err
	}
	return sessions.IDOf(text), nil
}

func (m marked) Key(id sessions.ID) string { return id.Handle() }

func ExampleIDScheme() {
	ctx, m := context.Background(), newManager(&sessions.Config[Cart]{IDs: marked{sessions.RandomIDs(32)}})
	s, err := m.CreateAndSave(ctx, Cart{})
	must(err)
	fmt.Println(strings.HasPrefix(s.ID().Secret(), "shop_session_"))
	_, err = m.Load(ctx, s.ID().Secret())
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}
