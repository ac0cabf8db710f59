package codec_test

import (
	"bytes"
	"compress/flate"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
)

func show(p codec.Payload, err error) {
	if err != nil {
		fmt.Println(err)
		return
	}
	b, _ := p.Bytes()
	fmt.Println(p.Format(), string(b))
}

// A server saves a value with a field that it doesn't know yet, and the field survives.
func ExampleEncodeOver() {
	type Cart struct {
		Items int `json:"items"`
	}
	c := codec.JSON[Cart]{}
	stored := codec.Opaque("json", []byte(`{"items":1,"voucher":"SPRING"}`)) // stored by a newer server

	cart, err := c.Decode(stored)
	if err != nil {
		fmt.Println(err)
		return
	}
	cart.Items++
	show(codec.EncodeOver(c, cart, stored))
	// Output: json {"items":2,"voucher":"SPRING"}
}

type UserV1 struct{ Name string }

type UserV2 struct{ First, Last string }

func toUserV2(old UserV1) (UserV2, error) {
	first, last, _ := strings.Cut(old.Name, " ")
	return UserV2{first, last}, nil
}

// A field is split in two while sessions in the old form are stored.
func ExampleMigrate() {
	c := codec.Upgrade(
		codec.Version[UserV2](2, codec.JSON[UserV2]{}),
		codec.Migrate[UserV1](codec.JSON[UserV1]{}, toUserV2),
	)
	user, err := c.Decode(codec.Opaque("json", []byte(`{"Name":"Ada Lovelace"}`)))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%+v\n", user)
	show(c.Encode(user))
	// Output:
	// {First:Ada Last:Lovelace}
	// v2+json {"First":"Ada","Last":"Lovelace"}
}

// A live table moves from JSON to MessagePack, host by host.
func ExampleUpgrade() {
	type Cart struct {
		Items []string `json:"items"`
	}

	// Writes MessagePack, still reads JSON.
	c := codec.Upgrade[Cart](msgpack.Codec[Cart]{}, codec.JSON[Cart]{})

	cart, err := c.Decode(codec.Opaque("json", []byte(`{"items":["tea"]}`)))
	fmt.Println(cart.Items, err)
	p, err := c.Encode(cart)
	fmt.Println(p.Format(), err)
	// Output:
	// [tea] <nil>
	// msgpack <nil>
}

func ExampleCompress() {
	type Cart struct {
		Items []string `json:"items"`
	}

	c := codec.Compress[Cart](codec.JSON[Cart]{}, zstd.New(), 0)

	for _, items := range []int{1, 100} {
		p, err := c.Encode(Cart{Items: slices.Repeat([]string{"tea"}, items)})
		fmt.Println(p.Format(), err)
	}
	// Output:
	// json <nil>
	// zstd+json <nil>
}

// The format names the version of the stored type.
func ExampleVersion() {
	type User struct{ First, Last string }
	c := codec.Version[User](2, codec.JSON[User]{})
	show(c.Encode(User{"Ada", "Lovelace"}))
	_, err := c.Decode(codec.Opaque("json", []byte(`{}`)))
	fmt.Println(err)
	// Output:
	// v2+json {"First":"Ada","Last":"Lovelace"}
	// codec: payload is of another format: have "json", want "v2+…"
}

// oauth2Token stands for golang.org/x/oauth2.Token, which keeps the ID token in an unexported field
// that no codec sees.
type oauth2Token struct {
	AccessToken string `json:"access_token"`
	raw         map[string]any
}

func (t *oauth2Token) Extra(key string) any { return t.raw[key] }

func (t *oauth2Token) WithExtra(extra map[string]any) *oauth2Token {
	return &oauth2Token{t.AccessToken, extra}
}

// An application stores the id_token of an oauth2.Token in another field, and restores it.
func Example_idToken() {
	type Login struct {
		Token   *oauth2Token // *oauth2.Token
		IDToken string
	}
	// From Exchange.
	token := (&oauth2Token{AccessToken: "a"}).WithExtra(map[string]any{"id_token": "i"})

	idToken, _ := token.Extra("id_token").(string) // before Save
	login := Login{token, idToken}
	p, err := codec.JSON[Login]{}.Encode(login)
	show(p, err)

	login, err = codec.JSON[Login]{}.Decode(p)
	fmt.Println(login.Token.Extra("id_token"), err)
	login.Token = login.Token.WithExtra(map[string]any{"id_token": login.IDToken}) // after Load
	fmt.Println(login.Token.Extra("id_token"))
	// Output:
	// json {"Token":{"access_token":"a"},"IDToken":"i"}
	// <nil> <nil>
	// i
}

// binaryCodec is an application's own codec: encoding/gob.
type binaryCodec[T any] struct{}

func (binaryCodec[T]) Encode(v T) (codec.Payload, error) {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		return nil, err
	}
	return codec.Opaque("gob", b.Bytes()), nil
}

func (binaryCodec[T]) Decode(p codec.Payload) (v T, err error) {
	b, err := codec.BytesOf(p, "gob")
	if err != nil {
		return v, err
	}
	err = gob.NewDecoder(bytes.NewReader(b)).Decode(&v)
	return v, err
}

// Your own codec needs two methods. Test it with package codectest.
func ExampleCodec() {
	type Cart struct{ Items []string }
	var c codec.Codec[Cart] = binaryCodec[Cart]{}

	p, err := c.Encode(Cart{Items: []string{"tea"}})
	if err != nil {
		panic(err)
	}
	cart, err := c.Decode(p)
	fmt.Println(p.Format(), cart.Items, err)

	_, err = c.Decode(codec.Opaque("json", []byte("{}")))
	fmt.Println(errors.Is(err, codec.ErrFormat))
	// Output:
	// gob [tea] <nil>
	// true
}

// JSON refuses a type or a value that it couldn't return unchanged.
func ExampleJSON() {
	fmt.Println(codec.JSON[struct{ Done chan bool }]{}.Validate())
	_, err := codec.JSON[struct{ Price float64 }]{}.Encode(struct{ Price float64 }{math.NaN()})
	fmt.Println(err)
	// Output:
	// json: field Done: chan bool can't be stored
	// json: field Price: a float64 that is NaN or infinite can't be stored
}

// deflate is a Compressor made of the standard library.
type deflate struct{}

func (deflate) Name() string { return "deflate" }

func (deflate) Compress(src []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err == nil {
		_, err = w.Write(src)
	}
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}

func (deflate) Decompress(src []byte, limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(src)), int64(limit)+1))
	if err == nil && len(b) > limit {
		err = errors.New("too long")
	}
	return b, err
}

func ExampleCompressor() {
	c := codec.Compress(codec.JSON[string]{}, deflate{}, 0)
	p, err := c.Encode(strings.Repeat("tea ", 1000))
	if err != nil {
		panic(err)
	}
	text, err := c.Decode(p)
	fmt.Println(p.Format(), len(text), err)
	// Output: deflate+json 4000 <nil>
}

func ExampleSplitVersion() {
	fmt.Println(codec.SplitVersion("v2+json"))
	fmt.Println(codec.SplitVersion("json"))
	// Output:
	// 2 json
	// 0 json
}
