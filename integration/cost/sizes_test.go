package cost_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
)

// scale is a client that weighs each item that is put. Without an API it stores nothing.
type scale struct {
	dynamo.API
	size int
}

func (s *scale) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	s.size = sizeOf(in.Item)
	if s.API == nil {
		return &dynamodb.PutItemOutput{}, nil
	}
	return s.API.PutItem(ctx, in, o...)
}

// weight is the size of an item in bytes, and the units that a load and a save of it consume.
type weight struct{ payload, item, reads, writes int }

// dollars returns the price of a million loads and as many saves.
func (w weight) dollars() float64 { return w.price(1, 1) }

func (w weight) price(loads, saves int) float64 {
	return bill{reads: float64(loads * w.reads), writes: float64(saves * w.writes)}.dollars()
}

// weigh returns the weight of an item with data v.
func weigh[T any](t *testing.T, c codec.Codec[T], v T) weight {
	t.Helper()
	w, _ := save(t, &scale{}, "app_session", c, v)
	return w
}

// charged weighs an item like weigh. It also stores the item on the engine, and checks what the
// engine charges and what a load returns.
func charged[T any](t *testing.T, table string, c codec.Codec[T], v T) weight {
	t.Helper()
	is := is.New(t)
	m := &meter{API: engine.Client(t)}
	w, stored := save(t, &scale{API: m}, table, c, v)
	is.Equal(m.took().writes, float64(w.writes))
	loaded, err := stored()
	is.NoErr(err)
	is.Equal(m.took().reads, float64(w.reads))
	before, err := c.Encode(v)
	is.NoErr(err)
	after, err := c.Encode(loaded.Data)
	is.NoErr(err)
	is.True(codec.Equal(before, after))
	return w
}

// save stores v in a new session, and returns a function that loads it.
func save[T any](t *testing.T, api *scale, table string, c codec.Codec[T], v T) (weight, func() (*sessions.Session[T], error)) {
	t.Helper()
	is := is.New(t)
	p, err := c.Encode(v)
	is.NoErr(err)
	b, err := p.Bytes()
	is.NoErr(err)
	store, err := dynamo.NewStore(api, &dynamo.Config{Table: table, Timeout: 20 * time.Second})
	is.NoErr(err)
	m, err := sessions.New(store, &sessions.Config[T]{Codec: c, Clock: clock.NewFake(moment)})
	is.NoErr(err)
	s, err := m.CreateAndSave(t.Context(), v)
	is.NoErr(err)
	load := func() (*sessions.Session[T], error) { return m.Load(t.Context(), s.ID().Secret()) }
	return weight{len(b), api.size, units(api.size, 4096), units(api.size, 1024)}, load
}

// form is a way to store a T.
type form[T any] struct {
	name              string
	plain, compressed codec.Codec[T]
}

func forms[T any]() []form[T] {
	with := func(name string, c codec.Codec[T]) form[T] { return form[T]{name, c, codec.Compress(c, zstd.New(), 0)} }
	return []form[T]{
		with("json", codec.JSON[T]{}), with("msgpack", msgpack.Codec[T]{}), with("attribute", attribute.Codec[T]{}),
	}
}

// rows writes the weight of a struct for each way to store it.
func rows[T any](t *testing.T, out io.Writer, table, name string, v T) {
	t.Helper()
	for _, f := range forms[T]() {
		plain, small := charged(t, table, f.plain, v), charged(t, table, f.compressed, v)
		fmt.Fprintf(out, "| %s | %s | %d | %d, %d | %.3f | %d | %d, %d | %.3f |\n", name, f.name,
			plain.item, plain.reads, plain.writes, plain.dollars(), small.item, small.reads, small.writes, small.dollars())
	}
}

// sizes writes a table of item sizes.
func sizes(t *testing.T, out io.Writer, table string) {
	t.Helper()
	fmt.Fprint(out, `
## Item sizes

Three structs modelled on real ones, in integration/cost: a login with its preferences; a shopping cart of 25 lines; an insurance claim that
is filled in over many pages, with its documents and what its author may do. Bytes are those of the whole item as DynamoDB counts them,
names included. Units are read and write units, those of one load and of one save, as DynamoDB Local charges them, and dollars are for a
million of both. Compressed is `+"`codec.Compress(c, zstd.New(), 0)`"+`, which leaves data uncompressed below `+
		fmt.Sprint(codec.DefaultCompressAbove)+` bytes.

| struct | codec | bytes | units | $ | bytes compressed | units | $ |
| --- | --- | --- | --- | --- | --- | --- | --- |
`)
	rows(t, out, table, "login", newLogin())
	rows(t, out, table, "cart", newBasket(25))
	rows(t, out, table, "claim", newApplication())
}
