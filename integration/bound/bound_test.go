// Package bound_test checks the cost and the guarantees of device-bound sessions on a real engine.
package bound_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/device"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/web"
)

type visitor struct {
	Count int `json:"count"`
}

// meter records the calls to the engine and the units that they consume.
type meter struct {
	dynamo.API
	mu    sync.Mutex
	calls []string
}

func (m *meter) note(call string, used *types.ConsumedCapacity, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		call += "!"
	}
	if used != nil && used.CapacityUnits != nil {
		call += fmt.Sprintf(" %g", *used.CapacityUnits)
	}
	m.calls = append(m.calls, call)
}

// took returns the calls since it was last called.
func (m *meter) took() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := strings.Join(m.calls, ", ")
	m.calls = nil
	return calls
}

func (m *meter) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	out, err := m.API.GetItem(ctx, in, o...)
	if out == nil {
		out = &dynamodb.GetItemOutput{}
	}
	m.note("GetItem", out.ConsumedCapacity, err)
	return out, err
}

func (m *meter) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	out, err := m.API.BatchGetItem(ctx, in, o...)
	m.note("BatchGetItem", nil, err)
	return out, err
}

func (m *meter) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	out, err := m.API.PutItem(ctx, in, o...)
	if out == nil {
		out = &dynamodb.PutItemOutput{}
	}
	m.note("PutItem", out.ConsumedCapacity, err)
	return out, err
}

func (m *meter) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	out, err := m.API.UpdateItem(ctx, in, o...)
	if out == nil {
		out = &dynamodb.UpdateItemOutput{}
	}
	m.note("UpdateItem", out.ConsumedCapacity, err)
	return out, err
}

func (m *meter) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	out, err := m.API.DeleteItem(ctx, in, o...)
	m.note("DeleteItem", nil, err)
	return out, err
}

// conflicts records the conflicts that a Manager meets, including those that it resolves.
type conflicts struct {
	mu   sync.Mutex
	seen []event.Event
}

func (c *conflicts) Observe(_ context.Context, e event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.Kind == event.Conflict || e.Kind == event.NotBound {
		c.seen = append(c.seen, e)
	}
}

// site is an application on the engine.
type site struct {
	http.Handler
	manager *sessions.Manager[visitor]
	meter   *meter
	events  *conflicts
	table   string
}

func newSite(t *testing.T, bound time.Duration, cfg *sessions.Config[visitor]) site {
	t.Helper()
	s := site{meter: &meter{API: engine.Client(t)}, events: &conflicts{}, table: engine.NewTable(t)}
	store, err := dynamo.NewStore(s.meter, &dynamo.Config{Table: s.table, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	own := sessions.Config[visitor]{}
	if cfg != nil {
		own = *cfg
	}
	own.Observer, own.ObserveCapacity = s.events, true
	if s.manager, err = sessions.New(store, &own); err != nil {
		t.Fatal(err)
	}
	sess, err := web.New(s.manager, &web.Config{Bound: bound})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	page := func(change func(v *sessions.Session[visitor], r *http.Request) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			v, err := sess.Session(r.Context())
			if err == nil {
				err = change(v, r)
			}
			if err != nil {
				http.Error(w, err.Error(), web.Status(err))
				return
			}
			_, _ = fmt.Fprintf(w, "%s %d", v.Subject(), v.Data.Count)
		}
	}
	mux.Handle("/", page(func(*sessions.Session[visitor], *http.Request) error { return nil }))
	mux.Handle("/count", page(func(v *sessions.Session[visitor], _ *http.Request) error { v.Data.Count++; return nil }))
	mux.Handle("/login", page(func(_ *sessions.Session[visitor], r *http.Request) error {
		return sess.Authenticate(r.Context(), "somebody"+r.FormValue("else"))
	}))
	mux.Handle("/renew", page(func(_ *sessions.Session[visitor], r *http.Request) error { return sess.Renew(r.Context()) }))
	mux.Handle("/guarded", sess.RequireBound(page(func(*sessions.Session[visitor], *http.Request) error { return nil })))
	s.Handler = sess.Handler(mux)
	return s
}

// browser is a client that keeps cookies and has a key to sign with.
type browser struct {
	t         *testing.T
	site      site
	key       device.Signer
	cookies   map[string]string
	challenge string // for the registration
	next      string // for the next refresh
	id        string
}

func (s site) browser(t *testing.T) *browser {
	return &browser{t: t, site: s, key: device.NewES256(t), cookies: map[string]string{}}
}

func (b *browser) send(method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://site.test"+path, nil)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.site.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		b.cookies[cookie.Name] = cookie.Value
	}
	if parts := strings.Split(w.Header().Get("Secure-Session-Registration"), `"`); len(parts) > 3 {
		b.challenge = parts[3]
	}
	if parts := strings.Split(w.Header().Get("Secure-Session-Challenge"), `"`); len(parts) > 3 {
		b.next = parts[1]
	}
	return w
}

// page returns the body of a page that must exist.
func (b *browser) page(path string) string {
	b.t.Helper()
	w := b.send(http.MethodGet, path)
	if w.Code != http.StatusOK {
		b.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

func (b *browser) register() int {
	w := b.send(http.MethodPost, "/.dbsc/register", "Secure-Session-Response", b.key.Registration(b.t, b.challenge))
	var told struct {
		ID string `json:"session_identifier"`
	}
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil {
			b.t.Error(err)
		}
		b.id = told.ID
	}
	return w.Code
}

func (b *browser) refresh() int {
	return b.send(http.MethodPost, "/.dbsc/refresh", "Sec-Secure-Session-Id", b.id, "Secure-Session-Response", b.key.Refresh(b.t, b.next)).Code
}

// A login and ordinary requests make the same calls, at the same cost, as without Bound. A
// registration takes 1 read and 1 write, a refresh 1 read.
func TestCost(t *testing.T) {
	is := is.New(t)
	var took [2][]string
	for i, bound := range []time.Duration{0, 10 * time.Minute} {
		s := newSite(t, bound, nil)
		b := s.browser(t)
		visit := func(path string) {
			b.page(path)
			took[i] = append(took[i], path+": "+s.meter.took())
		}
		visit("/login")
		if bound > 0 {
			is.Equal(b.register(), http.StatusOK)
			is.Equal(s.meter.took(), "GetItem 1, UpdateItem 1")
			for range 3 {
				is.Equal(b.refresh(), http.StatusOK)
				is.Equal(s.meter.took(), "GetItem 1")
			}
			is.Equal(b.page("/guarded"), "somebody 0")
			is.Equal(s.meter.took(), "GetItem 1")
		}
		visit("/")
		visit("/count")
		visit("/")
		visit("/renew")
		visit("/login")
	}
	is.Equal(took[0], took[1])
	t.Log(strings.Join(took[1], "; "))
}

// A browser registers while the page that follows the login saves. Both succeed, 200 times out of
// 200.
func TestRegistrationConflictsWithNothing(t *testing.T) {
	is := is.New(t)
	s := newSite(t, 10*time.Minute, nil)
	const tries, together = 200, 8
	var wg sync.WaitGroup
	next := make(chan int)
	for range together {
		wg.Go(func() {
			for i := range next {
				b := s.browser(t)
				if got := b.send(http.MethodGet, fmt.Sprint("/login?else=", i)).Code; got != http.StatusOK {
					t.Errorf("%d: login %d", i, got)
					continue
				}
				landing := *b
				landing.cookies = map[string]string{"__Host-id": b.cookies["__Host-id"]}
				var pair sync.WaitGroup
				pair.Go(func() {
					if w := landing.send(http.MethodGet, "/count"); w.Code != http.StatusOK || w.Body.String() != fmt.Sprintf("somebody%d 1", i) {
						t.Errorf("%d: page %d %s", i, w.Code, w.Body)
					}
				})
				if got := b.register(); got != http.StatusOK {
					t.Errorf("%d: registration %d", i, got)
				}
				pair.Wait()
				if w := b.send(http.MethodGet, "/guarded"); w.Code != http.StatusOK || w.Body.String() != fmt.Sprintf("somebody%d 1", i) {
					t.Errorf("%d: afterwards %d %s", i, w.Code, w.Body)
				}
			}
		})
	}
	for i := range tries {
		next <- i
	}
	close(next)
	wg.Wait()
	is.Equal(len(s.events.seen), 0)
}

// The encryption of the data is bound to the session's secret. The data stays readable after a
// registration and a renewal, and a binding can't be moved to another record.
func TestAEAD(t *testing.T) {
	is := is.New(t)
	s := newSite(t, 10*time.Minute, &sessions.Config[visitor]{AEAD: newAEAD(t)})
	b := s.browser(t)
	b.page("/login")
	b.page("/count")
	is.Equal(b.register(), http.StatusOK)
	is.Equal(b.page("/count"), "somebody 2")
	is.Equal(b.page("/renew"), "somebody 2")
	is.Equal(b.refresh(), http.StatusOK)
	is.Equal(b.page("/guarded"), "somebody 2")

	other := s.browser(t)
	other.page("/login")
	from, to := s.load(t, other), s.load(t, b)
	store := engine.Store(t, s.table)
	is.NoErr(store.Bind(t.Context(), to.Handle(), from.Binding(), to.Binding()))
	_, err := s.manager.Load(t.Context(), b.cookies["__Host-id"])
	if err == nil {
		t.Fatal("the session is loaded with another's binding")
	}
	is.NoErr(store.Bind(t.Context(), to.Handle(), to.Binding(), from.Binding()))
	is.Equal(b.page("/guarded"), "somebody 2")
}

// load returns a browser's session.
func (s site) load(t *testing.T, b *browser) *sessions.Session[visitor] {
	t.Helper()
	found, err := s.manager.Peek(t.Context(), b.cookies["__Host-id"])
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// aead is AES-GCM with the nonce prepended.
type aead struct{ cipher.AEAD }

func newAEAD(t *testing.T) sessions.AEAD {
	t.Helper()
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead{gcm}
}

func (a aead) Encrypt(plain, about []byte) ([]byte, error) {
	return a.Seal(nil, nil, plain, about), nil
}

func (a aead) Decrypt(sealed, about []byte) ([]byte, error) {
	return a.Open(nil, nil, sealed, about)
}

// A bound session stays bound when it is saved by a binary with another T, or by a release that
// does not know bindings.
func TestOlderBinaries(t *testing.T) {
	is := is.New(t)
	s := newSite(t, 10*time.Minute, nil)
	b := s.browser(t)
	b.page("/login")
	is.Equal(b.register(), http.StatusOK)
	type older struct{ Seen int }
	m, err := sessions.New[older](engine.Store(t, s.table), nil)
	is.NoErr(err)
	found, err := m.Load(t.Context(), b.cookies["__Host-id"])
	is.NoErr(err)
	found.Data.Seen++
	is.NoErr(m.Save(t.Context(), found))
	is.Equal(b.page("/guarded"), "somebody 0")

	// Replace a record as earlier releases do: with one UpdateItem of the attributes that they
	// know.
	_, err = engine.Client(t).UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: found.Handle()}},
		UpdateExpression:          new("SET rev = :rev"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":rev": &types.AttributeValueMemberS{Value: "older"}},
	})
	is.NoErr(err)
	is.Equal(b.page("/guarded"), "somebody 0")
	is.Equal(b.page("/count"), "somebody 1")
	is.Equal(b.refresh(), http.StatusOK)
	is.Equal(len(s.events.seen), 0)
}
