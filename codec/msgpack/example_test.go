package msgpack_test

import (
	"fmt"

	"github.com/dynasession/dynasession/codec/msgpack"
)

func ExampleCodec() {
	type Cart struct {
		Items  []string `json:"items"` // fields get the names in their json tags
		Secret string   `json:"-"`     // not stored
	}
	c := msgpack.Codec[Cart]{}
	p, err := c.Encode(Cart{Items: []string{"tea"}, Secret: "s"})
	if err != nil {
		fmt.Println(err)
		return
	}
	b, _ := p.Bytes()
	fmt.Printf("%s %q\n", p.Format(), b)

	cart, err := c.Decode(p)
	fmt.Printf("%+v %v\n", cart, err)
	// Output:
	// msgpack "\x81\xa5items\x91\xa3tea"
	// {Items:[tea] Secret:} <nil>
}
