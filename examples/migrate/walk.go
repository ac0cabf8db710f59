package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/pysession"
)

// basket is the session data of both services.
type basket struct {
	Items []string `json:"items"`
}

// walk runs the steps of the move.
func walk(ctx context.Context, store sessions.Store, py *python, out io.Writer) error {
	step := func(text string) { fmt.Fprintf(out, "\n%s\n", text) }
	show := func(what string, value any) { fmt.Fprintf(out, "   %s: %v\n", what, value) }

	step("1. A visitor's session, made by the Python service, under the plain ID.")
	id, err := py.save(ctx, `{"items": ["tea"]}`)
	if err != nil {
		return err
	}

	step("2. The first Go service goes live beside it, with pysession's Config, on the same table. It finds her session, and changes it.")
	beside, err := sessions.New(store, pysession.Config[basket](pysession.Options{}))
	if err != nil {
		return err
	}
	s, err := beside.Update(ctx, id, func(b *basket) error { b.Items = append(b.Items, "cups"); return nil })
	if err != nil {
		return err
	}
	show("Go sees", s.Data.Items)
	seen, err := py.load(ctx, id)
	if err != nil {
		return err
	}
	show("Python sees", seen)

	step("3. The last Python service is gone, and every host has AcceptMigrated. Migrate is switched on: at her next request she gets a new ID, under a hashed key.")
	moving, err := sessions.New(store, pysession.Config[basket](pysession.Options{Migrate: true}))
	if err != nil {
		return err
	}
	if s, err = moving.Load(ctx, id); err != nil {
		return err
	}
	show("her ID is outdated", moving.NeedsRenewal(s))
	if err := moving.Renew(ctx, s); err != nil { // package web renews by itself
		return err
	}
	show("and the new one", moving.NeedsRenewal(s))
	show("still in her basket", s.Data.Items)
	_, err = moving.Load(ctx, id)
	show("the old ID is dead", errors.Is(err, sessions.ErrNotFound))

	step("4. When the absolute timeout has passed, nobody has an old ID any more, and pysession can go. She doesn't notice.")
	after, err := sessions.New(store, &sessions.Config[basket]{IDs: sessions.RandomIDs(33)})
	if err != nil {
		return err
	}
	if s, err = after.Load(ctx, s.ID().Secret()); err != nil {
		return err
	}
	show("in her basket", s.Data.Items)
	return after.Destroy(ctx, s)
}
