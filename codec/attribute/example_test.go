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
