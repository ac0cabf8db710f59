package codec_test

import (
	"fmt"
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
