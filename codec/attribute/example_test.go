package attribute_test

import (
	"context"
	"fmt"

	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// Cart is the session data of an application.
type Cart struct {
	Items []string `json:"items"`
	Total int      `json:"total"`
}

func ExampleCodec() {
	ctx, store := context.Background(), memstore.New(nil)

	m, err := sessions.New(store, &sessions.Config[Cart]{Codec: attribute.Codec[Cart]{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}, Total: 1890})
	if err != nil {
		fmt.Println(err)
		return
	}
	rec, err := store.Load(ctx, s.Handle())
	fmt.Println(rec.Payload.Format(), err)
	// Output: dynamodb <nil>
}

// How many of DynamoDB's 400 KB the data of a session takes.
func ExampleSizeOf() {
	p, err := attribute.Codec[Cart]{}.Encode(Cart{Items: []string{"tea", "cups"}})
	if err != nil {
		panic(err)
	}
	v, err := attribute.ValueOf(p)
	fmt.Println(attribute.SizeOf(v.AttributeValue()), err)
	// Output: 28 <nil>
}

// A payload of this codec is one attribute value. Other stores than package dynamo get it as
// DynamoDB JSON.
func ExampleValue() {
	p, err := attribute.Codec[Cart]{}.Encode(Cart{Items: []string{"tea"}})
	if err != nil {
		panic(err)
	}
	b, err := p.Bytes()
	fmt.Println(p, string(b), err)
	// Output: dynamodb payload of type M {"M":{"items":{"L":[{"S":"tea"}]},"total":{"N":"0"}}} <nil>
}
