package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/dynamo/internal/item"
	"github.com/dynasession/dynasession/sessions/driver"
)

// ChangeRoster implements [driver.Store] by one UpdateItem in the common case.
//
// The update's conditions are those of the change and the update's own assumptions: the session to
// enter is not listed yet, those to leave are, and Expires moves forward. If an assumption is
// wrong, the response contains the roster, and the next update is made from that. Concurrent
// changes of other entries don't interfere.
func (s *Store) ChangeRoster(ctx context.Context, c driver.RosterChange) (driver.Roster, error) {
	if err := checkChange(c); err != nil {
		return driver.Roster{}, err
	}
	c.Leave = slices.Compact(slices.Sorted(slices.Values(c.Leave)))
	var call call
	if err := s.begin(ctx, &call); err != nil {
		return driver.Roster{}, err
	}
	defer call.end()
	guess := guessed(c)
	for range maxGuesses {
		it, err := call.send(s.rosterUpdate(c, guess))
		if err == nil {
			s.lookForTTL(ctx)
			r, _, err := item.Roster(c.Key, it)
			return r, err
		}
		old, refused := conditionFailed(err)
		if !refused {
			return driver.Roster{}, call.failedWrite(err)
		}
		r, counted, err := item.Roster(c.Key, old)
		if err != nil {
			return driver.Roster{}, call.refused(err)
		}
		if r.Rev == c.Rev {
			return r, call.recovered()
		}
		if err := judge(c, r); err != nil {
			return r, call.refused(err)
		}
		guess = guessOf(c, r, counted)
		if onlyLeaves(c) && len(guess.leaving) == 0 {
			return r, nil // without creating it
		}
	}
	return driver.Roster{}, call.refused(fmt.Errorf("%w: the roster has changed %d times under way", driver.ErrUnavailable, maxGuesses))
}

// onlyLeaves reports whether c does nothing but drop entries.
func onlyLeaves(c driver.RosterChange) bool {
	return len(c.Leave) > 0 && c.Enter == "" && !c.Bump && c.Pages == nil && !c.Close && c.Stale.IsZero() && c.Expires.IsZero()
}

// maxGuesses bounds the updates of one change. Each one after the first means that a concurrent
// change touched the same entries.
const maxGuesses = 16

func checkChange(c driver.RosterChange) error {
	switch {
	case c.Key == "" || c.Rev == "":
		return errors.New("RosterChange: Key and Rev must not be empty")
	case c.Enter != "" && slices.Contains(c.Leave, c.Enter):
		return errors.New("RosterChange: Enter must not be one of Leave")
	case c.Close && c.Enter != "":
		return errors.New("RosterChange: a change must not both Close and Enter")
	case len(c.Leave) > driver.MaxLeave: // more don't fit into DynamoDB's 4 KB for an expression
		return fmt.Errorf("RosterChange: Leave has %d keys: must be at most %d", len(c.Leave), driver.MaxLeave)
	}
	return nil
}

// judge returns the error with which the roster r refuses the change c, or nil.
func judge(c driver.RosterChange, r driver.Roster) error {
	_, listed := r.Entries[c.Enter]
	switch {
	case c.IfEpoch != nil && *c.IfEpoch != r.Epoch,
		c.IfRev != nil && *c.IfRev != r.Rev,
		c.IfPages != nil && *c.IfPages != r.Pages:
		return driver.ErrRoster
	case c.Enter != "" && r.Closed,
		c.Enter != "" && c.Most > 0 && !listed && len(r.Entries) >= c.Most:
		return driver.ErrFull
	case c.Close && len(r.Entries) > 0:
		return driver.ErrRoster
	}
	return nil
}

// guess is what an update assumes about a roster.
type guess struct {
	rev     *string         // the rev, "" if there is no roster; nil: any rev, with the right n
	count   int             // how many entries there are, if rev isn't nil
	listed  bool            // Enter is listed
	leaving map[string]bool // which of Leave are listed
	later   bool            // Expires is later already
}

// manyLeave is how many keys may leave with a condition each: the expression has at most 4 KB.
const manyLeave = 40

// guessed returns the guess about a roster that was not read.
func guessed(c driver.RosterChange) guess {
	g := guess{leaving: make(map[string]bool, len(c.Leave))}
	for _, key := range c.Leave {
		g.leaving[key] = true
	}
	if len(c.Leave) > manyLeave {
		g.rev = aws.String("") // refused if there is one; the response has it
	}
	return g
}

// guessOf returns the guess about a roster that was just read as r.
func guessOf(c driver.RosterChange, r driver.Roster, counted bool) guess {
	g := guess{leaving: make(map[string]bool, len(c.Leave)), later: r.Expires.After(c.Expires), count: len(r.Entries)}
	_, g.listed = r.Entries[c.Enter]
	for _, key := range c.Leave {
		if _, listed := r.Entries[key]; listed {
			g.leaving[key] = true
		}
	}
	if !counted || len(c.Leave) > manyLeave {
		g.rev = &r.Rev
	}
	return g
}

// rosterUpdate returns the update that makes the change c, if the guess g is right. It creates the
// item if there is none.
func (s *Store) rosterUpdate(c driver.RosterChange, g guess) *dynamodb.UpdateItemInput {
	u := update{names: map[string]string{}, values: item.Item{}}
	u.name("#rev", item.RevName)
	u.name("#counted", item.Counted)
	u.text(":rev", c.Rev)
	u.set("#rev = :rev", "#counted = :rev")

	switch {
	case g.rev == nil: // n is right, and the update keeps it so
		u.demand("(attribute_not_exists(#rev) OR #rev = #counted AND #rev <> :rev)") // and not by this change
	case *g.rev == "":
		u.demand("attribute_not_exists(#rev)")
	default:
		u.text(":seen", *g.rev)
		u.demand("#rev = :seen")
	}
	if c.IfEpoch != nil {
		u.demandInt(item.Epoch, ":if_epoch", *c.IfEpoch)
	}
	if c.IfRev != nil && *c.IfRev != "" {
		u.text(":if_rev", *c.IfRev)
		u.demand("#rev = :if_rev")
	} else if c.IfRev != nil {
		u.demand("attribute_not_exists(#rev)")
	}
	if c.IfPages != nil {
		u.demandInt(item.First, ":if_first", c.IfPages.First)
		u.demandInt(item.Last, ":if_last", c.IfPages.Last)
	}
	if c.Bump {
		u.name("#epoch", item.Epoch)
		u.number(":one", 1)
		u.number(":none", 0)
		u.set("#epoch = if_not_exists(#epoch, :none) + :one")
	}
	u.expires(c, g)
	u.entries(c, g)
	if c.Pages != nil {
		u.setInt(item.First, ":first", c.Pages.First)
		u.setInt(item.Last, ":last", c.Pages.Last)
	}
	if !c.Stale.IsZero() {
		u.name("#stale", item.Stale)
		u.number(":stale", c.Stale.Unix())
		u.set("#stale = :stale")
	}
	return &dynamodb.UpdateItemInput{
		TableName: s.table, Key: keyOf(c.Key), UpdateExpression: u.expression(), ConditionExpression: u.condition(),
		ExpressionAttributeNames: u.names, ExpressionAttributeValues: u.values,
		ReturnValues: types.ReturnValueAllNew, ReturnValuesOnConditionCheckFailure: returnItem,
	}
}

// expires moves Expires forward.
func (u *update) expires(c driver.RosterChange, g guess) {
	if c.Expires.IsZero() {
		return
	}
	u.name("#expires", item.ExpiresName)
	u.number(":expires", c.Expires.Unix())
	if g.later {
		u.demand("#expires >= :expires")
		return
	}
	if g.rev == nil || *g.rev != "" {
		u.demand("(attribute_not_exists(#expires) OR #expires <= :expires)")
	}
	u.set("#expires = :expires")
}

// entries enters and removes the change's entries, and updates the count.
func (u *update) entries(c driver.RosterChange, g guess) {
	u.name("#n", item.Count)
	change := 0
	if c.Enter != "" {
		u.name("#enter", item.Entry(c.Enter))
		u.name("#closed", item.Closed)
		u.number(":deadline", c.Deadline.Unix())
		u.demand("attribute_not_exists(#closed)")
		u.set("#enter = :deadline")
		if g.listed {
			u.demand("attribute_exists(#enter)")
		} else {
			u.demand("attribute_not_exists(#enter)")
			change++
			if c.Most > 0 && g.rev == nil {
				u.number(":most", int64(c.Most))
				u.demand("(attribute_not_exists(#n) OR #n < :most)")
			}
		}
	}
	for i, key := range c.Leave {
		name := "#" + strconv.Itoa(i)
		u.name(name, item.Entry(key))
		if g.leaving[key] {
			change--
			u.removes = append(u.removes, name)
		}
		switch {
		case g.rev != nil: // the guess knows it
			if !g.leaving[key] {
				delete(u.names, name) // DynamoDB refuses a name that isn't used
			}
		case g.leaving[key]:
			u.demand("attribute_exists(" + name + ")")
		default:
			u.demand("attribute_not_exists(" + name + ")")
		}
	}
	if c.Close {
		u.name("#closed", item.Closed)
		u.values[":true"] = &types.AttributeValueMemberBOOL{Value: true}
		u.set("#closed = :true")
		if g.rev == nil {
			u.number(":none", 0)
			u.demand("(attribute_not_exists(#n) OR #n = :none)")
		}
	}
	if g.rev != nil {
		u.number(":n", int64(g.count+change))
		u.set("#n = :n")
		return
	}
	u.number(":none", 0)
	u.number(":change", int64(change))
	u.set("#n = if_not_exists(#n, :none) + :change")
}

// update is an UpdateItem under construction.
type update struct {
	names                  map[string]string
	values                 item.Item
	sets, removes, demands []string
}

func (u *update) name(ref, name string)      { u.names[ref] = name }
func (u *update) text(ref, s string)         { u.values[ref] = item.Text(s) }
func (u *update) number(ref string, n int64) { u.values[ref] = item.Number(strconv.FormatInt(n, 10)) }
func (u *update) set(clauses ...string)      { u.sets = append(u.sets, clauses...) }
func (u *update) demand(condition string)    { u.demands = append(u.demands, condition) }

// demandInt adds the condition that a number is n. A number 0 is absent.
func (u *update) demandInt(name, ref string, n int64) {
	u.name("#"+name, name)
	u.number(ref, n)
	if n == 0 {
		u.demand("(attribute_not_exists(#" + name + ") OR #" + name + " = " + ref + ")")
	} else {
		u.demand("#" + name + " = " + ref)
	}
}

// setInt sets a number to n, or removes it for 0.
func (u *update) setInt(name, ref string, n int64) {
	u.name("#"+name, name)
	if n == 0 {
		u.removes = append(u.removes, "#"+name)
		return
	}
	u.number(ref, n)
	u.set("#" + name + " = " + ref)
}

func (u *update) expression() *string {
	text := "SET " + strings.Join(u.sets, ", ")
	if len(u.removes) > 0 {
		text += " REMOVE " + strings.Join(u.removes, ", ")
	}
	return &text
}

func (u *update) condition() *string { return aws.String(strings.Join(u.demands, " AND ")) }
