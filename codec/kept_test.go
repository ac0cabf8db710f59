package codec_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
)

type sparse struct {
	Pad [64]string `json:"pad,omitzero"`
	N   int        `json:"n,omitzero"`
}

type nested struct {
	List  []nested          `json:"list,omitempty"`
	Chain *nested           `json:"chain,omitempty"`
	Any   any               `json:"any,omitempty"`
	Rough []sparse          `json:"rough,omitempty"`
	Far   []*sparse         `json:"far,omitempty"`
	ByKey map[string]sparse `json:"byKey,omitempty"`
}

// Decode accepts everything that Encode returns: a session that only Load refuses is lost.
func TestEncode_TakesNothingThatDecodeRefuses(t *testing.T) {
	chain := func(depth int) (v nested) {
		for range depth {
			inner := v
			v = nested{Chain: &inner}
		}
		return v
	}
	lists := func(depth int) (v nested) {
		for range depth {
			v = nested{List: []nested{v}}
		}
		return v
	}
	free := func(depth int) nested {
		var v any = true
		for range depth {
			v = []any{v}
		}
		return nested{Any: v}
	}
	maps := func(depth int) nested {
		var v any = true
		for range depth {
			v = map[string]any{"": v}
		}
		return nested{Any: v}
	}
	byKey := map[string]sparse{}
	var far []*sparse
	var loose []any
	for n := range 12_000 {
		byKey[string(rune('0'+n))] = sparse{}
		far = append(far, &sparse{})
		loose = append(loose, map[string]any{})
	}
	cases := map[string]nested{
		"a list of large elements":   {Rough: make([]sparse, 33_000)},
		"pointers to large elements": {Far: append(append(far, far...), far...)},
		"a map of large elements":    {ByKey: byKey},
		"maps in interfaces":         {Any: loose},
	}
	for _, depth := range []int{15, 31, 4990, 5000, 9990, 10010} {
		for name, v := range map[string]nested{"chain": chain(depth), "lists": lists(depth), "free": free(depth), "maps": maps(depth)} {
			cases[name+", "+strconv.Itoa(depth)+" levels"] = v
		}
	}
	for name, c := range map[string]codec.Codec[nested]{
		"json": codec.JSON[nested]{}, "msgpack": msgpack.Codec[nested]{}, "native": attribute.Codec[nested]{},
		"zstd": codec.Compress(codec.JSON[nested]{}, zstd.New(), 0), "zstd msgpack": codec.Compress(msgpack.Codec[nested]{}, zstd.New(), 0),
	} {
		for what, v := range cases {
			if name == "native" && strings.HasSuffix(what, "0 levels") {
				continue // far beyond the limit, and slow
			}
			if p, err := c.Encode(v); err == nil {
				if _, err := c.Decode(p); err != nil {
					t.Errorf("%s: %s: %v", name, what, err)
				}
			}
		}
	}
}

type raw struct {
	Raw json.RawMessage `json:"raw"`
}

func TestEncode_TakesNoRawJSONThatDecodeRefuses(t *testing.T) {
	for name, c := range map[string]codec.Codec[raw]{"json": codec.JSON[raw]{}, "msgpack": msgpack.Codec[raw]{}, "native": attribute.Codec[raw]{}} {
		for _, text := range []string{`"\ud800"`, `{`, ``, ` `, `null `, `{"a":1,"a":2}`, ` 1e400 `, "\"\xff\"", `[1,]`, "\x00"} {
			if p, err := c.Encode(raw{json.RawMessage(text)}); err == nil {
				if _, err := c.Decode(p); err != nil {
					t.Errorf("%s: %q: %v", name, text, err)
				}
			}
		}
	}
}

// anyCase encodes itself in one case, as what it is not a string of.
type anyCase struct{ text string }

func (k anyCase) MarshalText() ([]byte, error)  { return []byte(strings.ToLower(k.text)), nil }
func (k *anyCase) UnmarshalText(b []byte) error { k.text = string(b); return nil }

func TestEncode_RefusesKeysThatEncodeThemselvesAlike(t *testing.T) {
	is := is.New(t)
	type keyed struct {
		ByName map[anyCase]int   `json:"byName"`
		ByTime map[time.Time]int `json:"byTime"`
	}
	now := time.Now()
	for name, c := range codecs[keyed]() {
		for field, v := range map[string]keyed{
			"ByName": {ByName: map[anyCase]int{{"A"}: 1, {"a"}: 2}},
			"ByTime": {ByTime: map[time.Time]int{now: 1, now.Round(0): 2}}, // one has a reading of the monotonic clock
		} {
			_, err := c.Encode(v)
			if err == nil || !strings.Contains(err.Error(), field) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := c.Encode(keyed{ByName: map[anyCase]int{{"a"}: 1, {"b"}: 2}, ByTime: map[time.Time]int{now: 1}})
		is.NoErr(err)
	}
}

// explosive panics when it is encoded or decoded.
type explosive struct{ Encoding, Decoding bool }

func (e explosive) MarshalText() ([]byte, error) {
	if e.Encoding {
		panic("s3cret")
	}
	return []byte(strconv.FormatBool(e.Decoding)), nil
}

func (e *explosive) UnmarshalText(b []byte) error {
	if string(b) == "true" {
		panic("s3cret")
	}
	return nil
}

func TestCodecs_APanicOfATypeIsAnError(t *testing.T) {
	is := is.New(t)
	type armed struct {
		E explosive `json:"e"`
	}
	stored := map[string]codec.Payload{
		"json": codec.Opaque("json", []byte(`{"e":"true"}`)), "msgpack": codec.Opaque("msgpack", []byte("\x81\xa1e\xa4true")),
		"native": codec.Opaque("dynamodb", []byte(`{"M":{"e":{"S":"true"}}}`)),
	}
	for name, c := range codecs[armed]() {
		_, err := c.Encode(armed{explosive{Encoding: true}})
		is.True(err != nil && !strings.Contains(err.Error(), "s3cret"))
		_, err = c.Encode(armed{explosive{Decoding: true}}) // it could never be read
		is.True(err != nil && !strings.Contains(err.Error(), "s3cret"))
		if p := stored[name]; p != nil {
			_, err = c.Decode(p)
			is.True(err != nil && !errors.Is(err, codec.ErrFormat) && !strings.Contains(err.Error(), "s3cret"))
		}
	}
}

type (
	Created  struct{ time.Time }
	Updated  struct{ time.Time }
	Moment   time.Time
	deleted  struct{ time.Time }
	twoTimes struct { // neither's methods are its own
		Created
		Updated
		Name string
	}
	tagged struct {
		Created `json:"created"`
		Updated `json:"updated"`
		Name    string
	}
	momentous struct {
		Moment
		Name string
	}
	hidden struct {
		Created `json:"created"`
		deleted `json:"deleted"`
		Name    string
	}
)

func TestNew_RefusesEmbeddedTypesWhoseMethodsAreNotCalled(t *testing.T) {
	is := is.New(t)
	const why = " encodes itself, but not where it is embedded"
	wantText(t, codec.JSON[twoTimes]{}.Validate(), "field Created: codec_test.Created"+why)
	wantText(t, attribute.Codec[twoTimes]{}.Validate(), "field Created: codec_test.Created"+why)
	wantText(t, attribute.Codec[momentous]{}.Validate(), "field Moment: codec_test.Moment"+why)
	wantText(t, codec.JSON[hidden]{}.Validate(), "field deleted: codec_test.deleted"+why)
	wantText(t, msgpack.Codec[hidden]{}.Validate(), "field deleted: codec_test.deleted"+why)
	wantText(t, attribute.Codec[hidden]{}.Validate(), "field deleted: codec_test.deleted"+why)

	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for name, c := range codecs[tagged]() {
		v := tagged{Created{now}, Updated{now.Add(1)}, name}
		got, err := c.Decode(must(c.Encode(v)))
		is.NoErr(err)
		is.Equal(got, v)
	}
	v := twoTimes{Created{now}, Updated{now.Add(1)}, "x"}
	got, err := msgpack.Codec[twoTimes]{}.Decode(must(msgpack.Codec[twoTimes]{}.Encode(v)))
	is.NoErr(err)
	is.Equal(got, v)
}

type attributes map[string]int

// unseen embeds types that aren't exported: encoding/json sees none of them.
type unseen struct {
	attributes
	status
	any
	Name string `json:"name"`
}

type status []string

func TestJSON_IgnoresEmbeddedTypesThatAreNotExported(t *testing.T) {
	is := is.New(t)
	c := codec.JSON[unseen]{}
	is.NoErr(c.Validate())
	p, err := c.Encode(unseen{attributes{"a": 1}, status{"b"}, map[int]chan int{}, "x"})
	is.NoErr(err)
	got, err := c.Decode(p)
	is.NoErr(err)
	is.Equal(got, unseen{Name: "x"})
	wantText(t, codec.JSON[struct{ attributes }]{}.Validate(), "no exported field")
	_, err = c.Encode(unseen{attributes{}, nil, nil, "\xff"})
	wantText(t, err, "field Name")
}

func TestEncode_NamesTheFieldThatHasNoText(t *testing.T) {
	type moments struct {
		Times map[string][]*time.Time `json:"times"`
		Sizes []map[string]int        `json:"sizes"`
	}
	for name, c := range codecs[moments]() {
		for _, at := range []time.Time{
			time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 24*60*60)),
		} {
			v := moments{Times: map[string][]*time.Time{"a": {&at}}}
			if _, err := c.Encode(v); !strings.Contains(name, "msgpack") {
				wantText(t, err, "field Times[][]: a time")
			}
		}
		if _, err := c.Encode(moments{Sizes: []map[string]int{{"": 1}}}); strings.Contains(name, "native") {
			wantText(t, err, "field Sizes[]: an empty key")
		}
	}
}

func wantText(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("%v, want: %s", err, text)
	}
}

// unsaid can't be encoded, or not decoded again.
type unsaid string

func (u unsaid) MarshalText() ([]byte, error) {
	if u == "" {
		return nil, errors.New("s3cret")
	}
	return []byte(u), nil
}

func (u *unsaid) UnmarshalText(b []byte) error {
	if *u = unsaid(b); *u == "?" {
		return errors.New("s3cret")
	}
	return nil
}

func TestEncode_NamesTheFieldThatCannotEncodeItself(t *testing.T) {
	type line struct {
		Fine, Text *unsaid
		Hidden     unsaid `json:"-"`
	}
	type order struct {
		First unsaid
		Lines map[string][]*line
	}
	fine := unsaid("x")
	for name, c := range codecs[order]() {
		for _, text := range []unsaid{"", "?"} {
			_, err := c.Encode(order{"x", map[string][]*line{"a": {nil, {&fine, &text, ""}}}})
			wantText(t, err, ": field Lines[][].Text: ")
			if err != nil && (strings.Contains(err.Error(), "s3cret") || strings.Count(err.Error(), "field") != 1) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := c.Encode(order{First: ""})
		wantText(t, err, ": field First: ")
		_, err = c.Encode(order{First: "x", Lines: map[string][]*line{"a": {{&fine, &fine, ""}}}})
		is.New(t).NoErr(err)
	}
	for _, c := range codecs[unsaid]() {
		if _, err := c.Encode("?"); err == nil || strings.Contains(err.Error(), "field") {
			t.Error(err)
		}
	}
}
