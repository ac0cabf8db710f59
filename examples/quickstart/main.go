// Quickstart shows the life of a session, from the first visit to the logout.
//
//	go run ./examples/quickstart                                  # in memory: needs nothing but Go
//	go run ./examples/quickstart -dynamodb http://127.0.0.1:8000  # the same on a DynamoDB engine
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// Cart is the data that this application keeps in a session.
type Cart struct {
	Items []string `json:"items"`
}

func main() {
	ctx, now := context.Background(), clock.NewFake(time.Now()) // a clock that we set
	m, err := sessions.New(open(ctx), &sessions.Config[Cart]{Clock: now})
	check(err)

	s, err := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}})
	check(err)
	fmt.Printf("A visitor's first request puts %v into her cart.\n", s.Data.Items)
	id := s.ID().Secret() // for her cookie, and nothing else

	faster, err := m.Load(ctx, id)
	check(err)
	slower, err := m.Load(ctx, id)
	check(err)
	faster.Data.Items = append(faster.Data.Items, "cups")
	slower.Data.Items = append(slower.Data.Items, "milk")
	check(m.Save(ctx, faster))
	fmt.Printf("Two more come at the same time. The faster saves %v.\n", faster.Data.Items)
	fmt.Println("The slower would overwrite that, and is refused:", errors.Is(m.Save(ctx, slower), sessions.ErrConflict))
	s, err = m.Update(ctx, id, func(c *Cart) error { c.Items = append(c.Items, "milk"); return nil })
	check(err)
	fmt.Printf("Update loads, changes and saves until it holds: %v.\n", s.Data.Items)

	check(m.Authenticate(ctx, s, "ada"))
	_, err = m.Load(ctx, id)
	fmt.Println("She signs in and gets a new ID. The old one, which somebody may have planted, is dead:", errors.Is(err, sessions.ErrNotFound))

	now.Advance(s.IdleTimeout - time.Minute)
	slower, err = m.Load(ctx, s.ID().Secret())
	check(err)
	fmt.Printf("She is away for %v, and still signed in as %s.\n", s.IdleTimeout-time.Minute, slower.Subject())
	check(m.Destroy(ctx, s))
	slower.Data.Items = nil
	fmt.Println("She logs out. A slow request of hers can't bring the session back:", errors.Is(m.Save(ctx, slower), sessions.ErrNotFound))

	s, err = m.CreateAndSave(ctx, Cart{})
	check(err)
	now.Advance(s.IdleTimeout)
	_, err = m.Load(ctx, s.ID().Secret())
	fmt.Printf("Another visitor stays away for %v. His session has expired: %t\n", s.IdleTimeout, errors.Is(err, sessions.ErrExpired))
}

// open returns the store: in memory, or on the engine that the -dynamodb flag names. It creates the
// table there.
func open(ctx context.Context) sessions.Store {
	endpoint := flag.String("dynamodb", "", "the `URL` of a DynamoDB engine; without it, sessions are kept in memory")
	flag.Parse()
	if *endpoint == "" {
		return memstore.New(nil)
	}
	client, err := dynamo.NewClient(ctx, &dynamo.OpenConfig{Endpoint: *endpoint})
	check(err)
	check(dynamo.CreateTable(ctx, client, "quickstart_session"))
	// The engine may still be starting.
	cfg := &dynamo.Config{Table: "quickstart_session", Timeout: time.Minute}
	store, err := dynamo.NewStore(client, cfg)
	check(err)
	return store
}

func check(err error) {
	if err != nil {
		log.Fatal("quickstart: ", err)
	}
}
