//lint:file-ignore U1000,ST1003 the types are as others write them

// Package sweep tries a codec with the types that people put into sessions: what it encodes has to come back, or be refused. What is
// refused, and how, is written down in a file of the codec's testdata.
package sweep

import (
	"bytes"
	"database/sql"
	"encoding"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/big"
	"net"
	"net/http"
	"net/mail"
	"net/netip"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The types that people put into sessions, or such as they are made.
type (
	uuid    [16]byte // as google/uuid and gofrs/uuid have it
	ulid    [16]byte // encodes itself as a text and as bytes
	decimal struct { // as shopspring/decimal has it
		value *big.Int
		exp   int32
	}
	money struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
	}
	level  int // an enum with a text form
	color  int // an enum without
	status string
	flags  uint8
	bits   []byte
	names  []string
	set    map[string]struct{}
	byID   map[int]money
	tree   struct {
		Value string
		Kids  []tree
	}
	list struct {
		Value int
		Next  *list
	}
	option[T any] struct {
		Value T
		Valid bool
	}
	pair[A, B any] struct {
		First  A
		Second B
	}
	result[T any] struct {
		Items []T
		Next  *T
	}
	token struct { // as oauth2.Token
		AccessToken  string    `json:"access_token"`
		TokenType    string    `json:"token_type,omitempty"`
		RefreshToken string    `json:"refresh_token,omitempty"`
		Expiry       time.Time `json:"expiry,omitempty"`
		ExpiresIn    int64     `json:"expires_in,omitempty"`
		raw          any
		expiryDelta  time.Duration
	}
	withIDToken struct { // and how its id_token is kept
		Token   token  `json:"token"`
		IDToken string `json:"id_token"`
	}
	claims struct { // as of an ID token
		Issuer   string         `json:"iss"`
		Subject  string         `json:"sub"`
		Audience []string       `json:"aud"`
		Expires  int64          `json:"exp"`
		Extra    map[string]any `json:"extra,omitempty"`
	}
	webauthnSession struct { // as webauthn.SessionData
		Challenge            string         `json:"challenge"`
		UserID               []byte         `json:"user_id"`
		AllowedCredentialIDs [][]byte       `json:"allowed_credentials,omitempty"`
		Expires              time.Time      `json:"expires"`
		UserVerification     status         `json:"userVerification"`
		Extensions           map[string]any `json:"extensions,omitempty"`
	}
	credential struct { // as webauthn.Credential
		ID            []byte   `json:"id"`
		PublicKey     []byte   `json:"publicKey"`
		Transport     []status `json:"transport"`
		Authenticator struct {
			AAGUID    []byte `json:"AAGUID"`
			SignCount uint32 `json:"signCount"`
		} `json:"authenticator"`
	}
	proto struct { // as protoc-gen-go makes it
		state         struct{}
		sizeCache     int32
		unknownFields []byte
		Id            int64             `protobuf:"varint,1,opt,name=id,proto3" json:"id,omitempty"`
		Names         []string          `protobuf:"bytes,2,rep,name=names,proto3" json:"names,omitempty"`
		Sub           *protoSub         `protobuf:"bytes,3,opt,name=sub,proto3" json:"sub,omitempty"`
		Labels        map[string]string `protobuf:"bytes,4,rep,name=labels,proto3" json:"labels,omitempty"`
		Opt           *string           `protobuf:"bytes,5,opt,name=opt,proto3,oneof" json:"opt,omitempty"`
	}
	protoSub struct {
		state struct{}
		On    bool `protobuf:"varint,1,opt,name=on,proto3" json:"on,omitempty"`
	}
	base struct {
		ID      string
		Created time.Time
	}
	embeds struct {
		base
		Name string
	}
	Base          struct{ ID string }
	embedsPointer struct {
		*Base
		Name string
	}
	embedsTagged struct {
		Base `json:"base"`
		Name string
	}
	consent struct { // IsZero looks at a part of it
		Given bool
		Note  string
	}
	secret    struct{ text string }
	hiddenNum struct{ n int }
	cents     int64
	choice    struct {
		A *int    `json:"a,omitempty"`
		B *string `json:"b,omitempty"`
	}
	nested struct {
		Map   map[string]map[string][]money
		Ptr   **int
		Array [2][2]string
		Any   any
	}
)

func (u uuid) MarshalText() ([]byte, error)  { return fmt.Appendf(nil, "%x", u[:]), nil }
func (u *uuid) UnmarshalText(b []byte) error { _, err := hex.Decode(u[:], b); return err }

func (u ulid) MarshalText() ([]byte, error) {
	return []byte(base64.StdEncoding.EncodeToString(u[:])), nil
}
func (u ulid) MarshalBinary() ([]byte, error)  { return u[:], nil }
func (u *ulid) UnmarshalBinary(b []byte) error { copy(u[:], b); return nil }
func (u *ulid) UnmarshalText(b []byte) error {
	d, err := base64.StdEncoding.DecodeString(string(b))
	copy(u[:], d)
	return err
}

func (d decimal) String() string {
	if d.value == nil {
		return "0e0"
	}
	return fmt.Sprintf("%ve%d", d.value, d.exp)
}
func (d decimal) IsZero() bool                 { return d.value == nil || d.value.Sign() == 0 }
func (d decimal) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
func (d decimal) MarshalJSON() ([]byte, error) { return []byte(`"` + d.String() + `"`), nil }
func (d *decimal) UnmarshalJSON(b []byte) error {
	return d.UnmarshalText([]byte(strings.Trim(string(b), `"`)))
}

func (d *decimal) UnmarshalText(b []byte) error {
	v, e, _ := strings.Cut(string(b), "e")
	var ok bool
	if d.value, ok = new(big.Int).SetString(v, 10); !ok {
		return errors.New("no decimal")
	}
	_, err := fmt.Sscan(e, &d.exp)
	return err
}

func (l level) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "level-%d", int(l)), nil }
func (l *level) UnmarshalText(b []byte) error {
	_, err := fmt.Sscanf(string(b), "level-%d", (*int)(l))
	return err
}

func (c consent) IsZero() bool { return !c.Given }

func (s secret) MarshalText() ([]byte, error) { return []byte("s:" + s.text), nil }
func (s *secret) UnmarshalText(b []byte) error {
	s.text = strings.TrimPrefix(string(b), "s:")
	return nil
}

var _ encoding.TextMarshaler = secret{}

func ptr[T any](v T) *T { return &v }

// same reports whether a and b are the same as far as anybody can tell from outside.
func same(a, b reflect.Value) bool {
	if a.Type() == reflect.TypeFor[time.Time]() {
		return a.Interface().(time.Time).Equal(b.Interface().(time.Time))
	}
	if !a.CanInterface() { // an embedded struct
	} else if _, ok := a.Interface().(fmt.Stringer); ok && a.Kind() != reflect.Pointer {
		return a.Interface().(fmt.Stringer).String() == b.Interface().(fmt.Stringer).String()
	} else if _, ok := reflect.New(a.Type()).Interface().(fmt.Stringer); ok && a.CanAddr() && a.Kind() != reflect.Pointer {
		return fmt.Sprint(a.Addr().Interface()) == fmt.Sprint(b.Addr().Interface())
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		if a.Kind() == reflect.Interface && a.Elem().Type() != b.Elem().Type() {
			return fmt.Sprint(a.Elem()) == fmt.Sprint(b.Elem()) // a number
		}
		return same(a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			if f := a.Type().Field(i); (f.IsExported() || f.Anonymous) && f.Tag.Get("json") != "-" && !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() || (a.Kind() == reflect.Slice && a.IsNil() != b.IsNil()) {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() || a.IsNil() != b.IsNil() {
			return false
		}
		for i := a.MapRange(); i.Next(); {
			if v := b.MapIndex(i.Key()); !v.IsValid() || !same(i.Value(), v) {
				return false
			}
		}
		return true
	}
	return a.Comparable() && (a.Equal(b) || (a.CanFloat() && math.IsNaN(a.Float()) && math.IsNaN(b.Float())))
}

// Codec is a codec of a type that is known at run time only.
type Codec struct {
	Encode func(v any) ([]byte, error)                // what v points to
	Over   func(v any, stored []byte) ([]byte, error) // what v points to
	Decode func(b []byte, v any) error                // into what v points to, which is zero
}

// try encodes and decodes v, and returns "kept", how it was refused, or how it has changed.
func (c Codec) try(v reflect.Value) string {
	b, err := c.Encode(v.Addr().Interface())
	if err != nil {
		return err.Error()
	}
	got := reflect.New(v.Type())
	if err := c.Decode(b, got.Interface()); err != nil {
		return "CHANGED: is not decoded: " + err.Error()
	}
	if !same(v, got.Elem()) {
		return fmt.Sprintf("CHANGED: %+v is %+v", v, got.Elem())
	}
	again, err := c.Over(got.Interface(), b)
	if err != nil || !bytes.Equal(again, b) {
		return fmt.Sprintf("CHANGED: another payload when it is encoded over itself: %v", err)
	}
	return "kept"
}

// values are of one type.
type values struct {
	t   reflect.Type
	all []reflect.Value
}

func of[T any](all ...T) values {
	v := values{t: reflect.TypeFor[T]()}
	for i := range all {
		v.all = append(v.all, reflect.ValueOf(&all[i]).Elem())
	}
	v.all = append(v.all, reflect.Zero(v.t))
	return v
}

// in returns a struct of one field, of type t and with that tag.
func in(t reflect.Type, tag reflect.StructTag, v reflect.Value) reflect.Value {
	s := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "V", Type: t, Tag: tag}})).Elem()
	s.Field(0).Set(v)
	return s
}

// try tries all values: in a struct, with omitempty, with omitzero, in a slice, in an array, in a map and behind a pointer. It returns
// what was found, and in what.
func (c Codec) all(vs values) map[string][]string {
	found := map[string][]string{}
	note := func(where string, v reflect.Value) {
		text := c.try(v)
		if !slices.Contains(found[text], where) {
			found[text] = append(found[text], where)
		}
	}
	for _, v := range vs.all {
		note("a field", in(vs.t, "", v))
		if k := vs.t.Kind(); (k != reflect.Slice && k != reflect.Map) || v.Len() > 0 || v.IsNil() { // else it comes back nil, as its tag says
			note("with omitempty", in(vs.t, `json:"v,omitempty"`, v))
		}
		note("with omitzero", in(vs.t, `json:"v,omitzero"`, v))
		slice := reflect.MakeSlice(reflect.SliceOf(vs.t), 2, 2)
		slice.Index(0).Set(v)
		note("in a slice", in(slice.Type(), "", slice))
		array := reflect.New(reflect.ArrayOf(2, vs.t)).Elem()
		array.Index(1).Set(v)
		note("in an array", in(array.Type(), "", array))
		m := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), vs.t))
		m.SetMapIndex(reflect.ValueOf("k"), v)
		note("in a map", in(m.Type(), "", m))
		p := reflect.New(vs.t)
		p.Elem().Set(v)
		note("behind a pointer", in(p.Type(), "", p))
	}
	return found
}

var moment = time.Date(2026, 2, 28, 23, 59, 59, 123456789, time.UTC)

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// swept are the types.
var swept = map[string]values{
	"bool": of(true), "int": of(-7, math.MaxInt), "int8": of[int8](-128), "int16": of[int16](300), "int32": of[int32](-70000),
	"int64": of[int64](math.MinInt64, math.MaxInt64), "uint": of[uint](7), "uint8": of[uint8](255), "uint16": of[uint16](65535),
	"uint32": of[uint32](math.MaxUint32), "uint64": of[uint64](math.MaxUint64), "float32": of[float32](0.1), "float64": of(0.1, 1e100),
	"NaN": of(math.NaN()), "string": of("x", "ünï→😀"), "rune": of('x'), "complex128": of(1i), "uintptr": of[uintptr](1),
	"[]byte": of([]byte("x"), []byte{}), "[4]byte": of([4]byte{1}), "[][]byte": of([][]byte{{2}, {1}, {}, {2}}, [][]byte{}),
	"time.Time": of(moment, moment.In(time.FixedZone("", 3600))), "time.Duration": of(time.Hour), "time.Month": of(time.May),
	"time.Weekday": of(time.Monday), "time.Location": of(*time.UTC), "*time.Time": of(&moment, new(time.Time)),
	"netip.Addr": of(netip.MustParseAddr("::1"), netip.MustParseAddr("1.2.3.4")), "netip.AddrPort": of(netip.MustParseAddrPort("1.2.3.4:5")),
	"netip.Prefix": of(netip.MustParsePrefix("10.0.0.0/8")), "net.IP": of(net.IPv4(1, 2, 3, 4)), "net.IPNet": of(net.IPNet{IP: net.IPv4(1, 0, 0, 0), Mask: net.CIDRMask(8, 32)}),
	"net.HardwareAddr": of(net.HardwareAddr{1, 2, 3, 4, 5, 6}), "*netip.Addr": of(ptr(netip.MustParseAddr("::1"))),
	"url.URL": of(*mustURL("https://u:p@h/p?q=1")), "*url.URL": of(mustURL("https://h/p?q=1")), "url.Values": of(url.Values{"a": {"1", "2"}}),
	"http.Header": of(http.Header{"A": {"1"}}), "textproto.MIMEHeader": of(textproto.MIMEHeader{"A": {"1"}}), "http.Cookie": of(http.Cookie{Name: "n", Value: "v"}),
	"http.SameSite": of(http.SameSiteLaxMode), "mail.Address": of(mail.Address{Name: "n", Address: "a@b"}),
	"big.Int": of(*big.NewInt(7)), "*big.Int": of(new(big.Int).Lsh(big.NewInt(1), 100)), "*big.Float": of(big.NewFloat(1.5)), "*big.Rat": of(big.NewRat(1, 3)),
	"json.Number": of[json.Number]("1.50"), "json.RawMessage": of(json.RawMessage(`{"a":1}`)), "any": of[any]("x", true, 1.5, 0, "", false),
	"map[string]any": of(map[string]any{"a": []any{"b", nil}}), "[]any": of([]any{"a", 1.5}), "map[any]any": of(map[any]any{}),
	"error": of(errors.New("x")), "func": of(func() {}), "chan": of(make(chan int)), "struct{}": of(struct{}{}),
	"sql.NullString": of(sql.NullString{String: "x", Valid: true}), "sql.NullInt64": of(sql.NullInt64{Int64: 1, Valid: true}),
	"sql.NullBool": of(sql.NullBool{Bool: true, Valid: true}), "sql.NullTime": of(sql.NullTime{Time: moment, Valid: true}),
	"sql.NullFloat64": of(sql.NullFloat64{Float64: 1.5, Valid: true}), "sql.Null[T]": of(sql.Null[level]{V: 3, Valid: true}),
	"uuid": of(uuid{1}), "*uuid": of(&uuid{1}), "[]uuid": of([]uuid{{1}}), "map[uuid]": of(map[uuid]string{{1}: "x"}), "ulid": of(ulid{1}),
	"decimal": of(decimal{big.NewInt(150), -2}), "*decimal": of(&decimal{big.NewInt(150), -2}), "money": of(money{1, "EUR"}), "cents": of[cents](5),
	"level": of[level](3), "[]level": of([]level{1, 0}), "map[level]": of(map[level]int{1: 2}), "*level": of(ptr[level](0)), "color": of[color](2),
	"status": of[status]("on"), "flags": of[flags](3), "bits": of(bits{1}), "names": of(names{"a"}), "set": of(set{"a": {}}),
	"byID": of(byID{1: {1, "EUR"}, -1: {}}), "tree": of(tree{"a", []tree{{"b", nil}}}), "list": of(list{1, &list{2, nil}}),
	"option[string]": of(option[string]{"x", true}), "option[time]": of(option[time.Time]{moment, true}), "pair": of(pair[uuid, []byte]{uuid{1}, []byte{2}}),
	"result[money]": of(result[money]{[]money{{1, "EUR"}}, &money{}}), "oauth2.Token": of(token{AccessToken: "a", Expiry: moment}),
	"*oauth2.Token": of(&token{AccessToken: "a", RefreshToken: "r"}), "oauth2.Token with id_token": of(withIDToken{token{AccessToken: "a"}, "i"}),
	"claims":               of(claims{Issuer: "i", Audience: []string{"a"}, Extra: map[string]any{"groups": []any{"x"}}}),
	"webauthn.SessionData": of(webauthnSession{Challenge: "c", UserID: []byte{1}, AllowedCredentialIDs: [][]byte{{2}, {1}}, Expires: moment}),
	"webauthn.Credential":  of(credential{ID: []byte{1}, Transport: []status{"usb"}}),
	"protobuf":             of(proto{Id: 1, Names: []string{"a"}, Sub: &protoSub{On: true}, Labels: map[string]string{"a": "b"}, Opt: ptr("")}),
	"*protobuf":            of(&proto{Id: 1}),
	"embeds":               of(embeds{base{"i", moment}, "n"}),
	"embedsPointer":        of(embedsPointer{&Base{"i"}, "n"}),
	"embedsTagged":         of(embedsTagged{Base{"i"}, "n"}),
	"consent":              of(consent{true, "n"}, consent{false, "n"}),
	"secret":               of(secret{"x"}),
	"*secret":              of(&secret{"x"}),
	"hidden":               of(hiddenNum{1}),
	"choice":               of(choice{A: ptr(0)}, choice{B: ptr("")}),
	"nested":               of(nested{Map: map[string]map[string][]money{"a": {"b": {{1, "c"}}}}, Ptr: ptr(ptr(1)), Any: []any{"x"}}),
	"map[string]int":       of(map[string]int{"a": 1}),
	"map[string]bool":      of(map[string]bool{"a": true}),
	"map[string]string":    of(map[string]string{"a": "b"}, map[string]string{}),
	"map[string][]string":  of(map[string][]string{"a": {"b"}, "c": nil}),
	"map[int64]string":     of(map[int64]string{-1: "a"}),
	"map[bool]string":      of(map[bool]string{true: "a"}),
	"map[float64]string":   of(map[float64]string{1.5: "a"}),
	"map[netip.Addr]time":  of(map[netip.Addr]time.Time{netip.MustParseAddr("::1"): moment}),
	"map[string]*money":    of(map[string]*money{"a": {1, "x"}, "b": nil}),
	"[]string":             of([]string{"a", ""}, []string{}),
	"[]int":                of([]int{1, -1}),
	"[]*money":             of([]*money{{1, "x"}, nil}),
	"[]time.Time":          of([]time.Time{moment}),
	"[3]string":            of([3]string{"a"}),
	"*int":                 of(ptr(0), ptr(7)),
	"*string":              of(ptr("")),
	"*bool":                of(ptr(false)),
	"**int":                of(ptr(ptr(7))),
	"slog.Level":           of(slog.LevelWarn),
	"*regexp.Regexp":       of(regexp.MustCompile("a+")),
	"reflect.Kind":         of(reflect.Bool),
	"os.FileMode":          of(os.FileMode(0o644)),
}

// Run tries every type, and compares what is refused, and how, with what testdata/sweep.txt says. Nothing may come back changed.
func Run(t *testing.T, c Codec) {
	t.Helper()
	if len(swept) < 100 {
		t.Fatalf("sweep: %d types", len(swept))
	}
	var lines []string
	for name, vs := range swept {
		for text, where := range c.all(vs) {
			if strings.Contains(text, "CHANGED") {
				t.Errorf("%s %s: %s", name, strings.Join(where, ", "), text)
			}
			if text != "kept" {
				lines = append(lines, fmt.Sprintf("%s\n\t%s: %s\n", name, strings.Join(where, ", "), text))
			}
		}
	}
	slices.Sort(lines)
	got := strings.Join(lines, "")
	file := filepath.Join("testdata", "sweep.txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("what is refused is not what %s says:\n%s", file, got)
	}
}
