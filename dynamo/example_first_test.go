package dynamo_test

import (
	"context"
	"log"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
)

// must ends the program at an error.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// The life of a session, on a table named app_session.
func Example() {
	ctx := context.Background()

	type Cart struct {
		Items []string `json:"items"`
	}

	store, err := dynamo.Open(ctx, &dynamo.OpenConfig{Table: "app_session"})
	must(err)
	m, err := sessions.New[Cart](store, nil)
	must(err)

	s, err := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}})
	must(err)
	id := s.ID().Secret() // goes into the visitor's cookie, and nowhere else

	s, err = m.Load(ctx, id) // the next request; sessions.ErrNotFound if there is no such session
	must(err)
	s.Data.Items = append(s.Data.Items, "cups")
	must(m.Save(ctx, s))                   // merges with another request's change, or sessions.ErrConflict
	must(m.Authenticate(ctx, s, "user-7")) // login: a new ID, and the old one is dead
	must(m.Destroy(ctx, s))                // logout: no slower request brings the session back
}

func ExampleCreateTable() {
	ctx := context.Background()

	client, err := dynamo.NewClient(ctx, nil)
	must(err)
	must(dynamo.CreateTable(ctx, client, "app_session")) // does nothing if the table exists
	must(dynamo.CheckTable(ctx, client, "app_session"))  // says what is wrong with it, and how to mend it
}
