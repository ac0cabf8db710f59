package cost_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/plot"
	"github.com/dynasession/dynasession/sessions"
)

// profile is the session data. Its items are smaller than 1 KB, as most sessions are.
type profile struct {
	Name, Locale, Theme string
	Visits              int
}

// shop is a service whose costs are counted.
type shop struct {
	*sessions.Manager[profile]
	*meter
	clock  *clock.Fake
	client *dynamodb.Client // calls the engine without being counted
	table  string
}

func newShop(t *testing.T, touch time.Duration) shop {
	t.Helper()
	return shopOf(t, sessions.Config[profile]{TouchInterval: touch})
}

func shopOf(t *testing.T, cfg sessions.Config[profile]) shop {
	t.Helper()
	is := is.New(t)
	client, table := engine.Client(t), engine.NewTable(t)
	m := &meter{API: client}
	store, err := dynamo.NewStore(m, &dynamo.Config{Table: table, Timeout: 20 * time.Second})
	is.NoErr(err)
	c := clock.NewFake(time.Now())
	cfg.Clock = c
	manager, err := sessions.New(store, &cfg)
	is.NoErr(err)
	return shop{manager, m, c, client, table}
}

// line is a row of the table of operations.
type line struct {
	what string
	bill
}

// operations returns the cost of each operation.
func operations(t *testing.T) []line {
	t.Helper()
	is, ctx := is.New(t), t.Context()
	var lines []line
	for _, subject := range []string{"", "user"} {
		s := newShop(t, 0)
		with := ""
		note := func(what string, err error) {
			t.Helper()
			is.NoErr(err)
			lines = append(lines, line{what + with, s.took()})
		}
		session := s.Create()
		if subject == "" {
			note("Create and save", s.Save(ctx, session))
		} else {
			with = ", with a subject"
			note("Authenticate a fresh visitor", s.Authenticate(ctx, s.Create(), "another"))
			is.NoErr(s.Save(ctx, session))
			s.took()
			note("Authenticate, over a stored session", s.Authenticate(ctx, session, subject))
		}
		_, err := s.Load(ctx, session.ID().Secret())
		note("Load", err)
		s.clock.Advance(10 * time.Minute)
		_, err = s.Load(ctx, session.ID().Secret())
		note("Load that records the access", err)
		note("Save, unchanged", s.Save(ctx, session))
		session.Data.Visits++
		note("Save", s.Save(ctx, session))
		_, err = s.Update(ctx, session.ID().Secret(), func(p *profile) error { p.Visits++; return nil })
		note("Update", err)
		session, err = s.Load(ctx, session.ID().Secret())
		is.NoErr(err)
		s.took()
		note("Renew", s.Renew(ctx, session))
		if subject != "" {
			_, err = s.Sessions(ctx, subject)
			note("Sessions of one", err)
		}
		note("Destroy", s.Destroy(ctx, session))
	}
	return lines
}

// journey makes a visit and returns its cost: a login, 40 pages in 10 minutes of which 4 change
// something, and a logout.
func journey(t *testing.T, s shop, subject string) bill {
	t.Helper()
	is, ctx := is.New(t), t.Context()
	session := s.Create()
	if subject == "" {
		is.NoErr(s.Save(ctx, session))
	} else {
		is.NoErr(s.Authenticate(ctx, session, subject))
	}
	id := session.ID().Secret()
	for page := range 40 {
		s.clock.Advance(15 * time.Second)
		var err error
		session, err = s.Load(ctx, id)
		is.NoErr(err)
		if page%10 == 5 {
			session.Data.Visits++
		}
		is.NoErr(s.Save(ctx, session))
	}
	is.NoErr(s.Destroy(ctx, session))
	return s.took()
}

// fetches is the number of simultaneous requests from a chatty page.
const fetches = 20

// chatty loads a page that makes one Load and, within two seconds, many fetches that each call
// Peek.
func chatty(t *testing.T, s shop) (all, peeks bill) {
	t.Helper()
	is, ctx := is.New(t), t.Context()
	session, err := s.CreateAndSave(ctx, profile{})
	is.NoErr(err)
	id := session.ID().Secret()
	s.clock.Advance(time.Minute)
	s.took()
	for range fetches {
		_, err := s.Peek(ctx, id)
		is.NoErr(err)
		s.clock.Advance(100 * time.Millisecond)
	}
	peeks = s.took()
	s.clock.Advance(time.Minute)
	_, err = s.Load(ctx, id)
	is.NoErr(err)
	for range fetches {
		s.clock.Advance(100 * time.Millisecond)
		_, err := s.Peek(ctx, id)
		is.NoErr(err)
	}
	return s.took(), peeks
}

// chattyShop returns a shop whose Peek may answer from memory for five seconds.
func chattyShop(t *testing.T) shop {
	return shopOf(t, sessions.Config[profile]{PeekFor: 5 * time.Second})
}

// python returns the cost of the same visit with dynamodb-session-web. Its calls were measured on
// DynamoDB Local with a session of 0.4 KB: a load takes 2 calls, 1 read unit and 1 write unit; a
// save or a clear takes 1 call and 1 write unit.
func python() bill {
	create, clear := bill{1, 0, 1}, bill{1, 0, 1}
	load, save := bill{2, 1, 1}, bill{1, 0, 1}
	return bill{
		create.calls + 40*load.calls + 4*save.calls + clear.calls,
		40 * load.reads,
		create.writes + 40*load.writes + 4*save.writes + clear.writes,
	}
}

// page returns docs/cost.md, and its plots by file name.
func page(t *testing.T) ([]byte, map[string]string) {
	t.Helper()
	var out bytes.Buffer
	fmt.Fprint(&out, `# What it costs

Written by `+"`just cost`"+`, which asks DynamoDB Local for the capacity that each call consumes, and compared by a test, which fails if a cost
changes. Items are below 1 KB unless a section says otherwise. A write whose condition fails is counted as AWS charges it, for the stored
item. Prices are those of on-demand tables in us-east-1, 2026: $0.125 a million read units, $0.625 a million write units.

## Each operation

| operation | calls | read units | write units | $ per million |
| --- | --- | --- | --- | --- |
`)
	row := func(what string, b bill) {
		fmt.Fprintf(&out, "| %s | %d | %g | %g | %.3f |\n", what, b.calls, b.reads, b.writes, b.dollars())
	}
	for _, l := range operations(t) {
		row(l.what, l.bill)
	}
	fmt.Fprint(&out, `
## A visit

Login, 40 pages in 10 minutes of which 4 change something, logout.

| with | calls | read units | write units | $ per million |
| --- | --- | --- | --- | --- |
`)
	ours, subject, touching := journey(t, newShop(t, 0), ""), journey(t, newShop(t, 0), "user"), journey(t, newShop(t, -1), "")
	row("dynasession", ours)
	row("dynasession, with a subject", subject)
	row("dynasession that records every access (`TouchInterval: -1`)", touching)
	row("dynamodb-session-web", python())
	visits := plot.Bars("A million visits of 40 pages", "dollars for read and write units (less is better)", "$%.3f",
		[]string{"dynasession", "dynasession, with a subject", "a store that writes at every page", "dynamodb-session-web"},
		plot.Series{Values: []float64{ours.dollars(), subject.dollars(), touching.dollars(), python().dollars()}})
	fmt.Fprintf(&out, "\n![Bars: a million visits cost $%.3f, $%.3f with a subject, and $%.3f with a store that writes at every page](cost-visit.svg)\n",
		ours.dollars(), subject.dollars(), touching.dollars())
	fmt.Fprintf(&out, "\nAgainst dynamodb-session-web: %.2f of its dollars without a subject, %.2f with one, %.2f and %.2f of its calls.\n",
		ours.dollars()/python().dollars(), subject.dollars()/python().dollars(),
		float64(ours.calls)/float64(python().calls), float64(subject.calls)/float64(python().calls))
	fmt.Fprint(&out, `
## A page of 20 fetches

Within two seconds, on one host; each of them peeks. With `+"`Config.PeekFor`"+` Peek may answer from memory.

| with | calls | read units | write units | $ per million |
| --- | --- | --- | --- | --- |
`)
	for _, of := range []struct {
		what string
		shop shop
	}{{"", newShop(t, 0)}, {", `PeekFor: 5 * time.Second`", chattyShop(t)}} {
		all, peeks := chatty(t, of.shop)
		row("20 Peeks"+of.what, peeks)
		row("a Load and 20 Peeks"+of.what, all)
	}
	growth(t, &out)
	table := engine.NewTable(t)
	sizes(t, &out, table)
	pays(t, &out, table)
	return out.Bytes(), map[string]string{"cost-visit.svg": visits, "cost-compress.svg": cartsPlot(t)}
}

func TestCost(t *testing.T) {
	is := is.New(t)
	text, plots := page(t)
	files := map[string]string{"cost.md": string(text)}
	maps.Copy(files, plots)
	for name, got := range files {
		file := filepath.Join("../../docs", name)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			is.NoErr(os.WriteFile(file, []byte(got), 0o644))
		}
		want, err := os.ReadFile(file)
		is.NoErr(err)
		is.Equal(got, string(want)) // docs/ has the current measurements
	}
}

// Twenty fetches from a page within PeekFor consume at least 90 % fewer read units and write
// nothing.
func TestCost_PeekForSavesNineReadsOfTen(t *testing.T) {
	is := is.New(t)
	all, peeks := chatty(t, newShop(t, 0))
	fewer, few := chatty(t, chattyShop(t))
	is.Equal(peeks, bill{fetches, fetches, 0})
	is.True(few.reads <= peeks.reads/10)
	is.True(fewer.reads <= all.reads/10)
	is.Equal(few.writes+fewer.writes, 0.0)
}

func TestCost_OfAVisitIsAFractionOfItsPredecessors(t *testing.T) {
	is := is.New(t)
	ours, subject, theirs := journey(t, newShop(t, 0), ""), journey(t, newShop(t, 0), "user"), python()
	is.True(ours.dollars() <= theirs.dollars()/3)
	is.True(subject.dollars() <= 0.31*theirs.dollars())
	is.True(float64(ours.calls) <= 0.6*float64(theirs.calls))
	is.True(float64(subject.calls) <= 0.6*float64(theirs.calls))
}
