package sessions_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// ownIDs is a scheme of an application's own. The texts of its IDs are those of next.
type ownIDs struct {
	next func() string
	key  func(text string) string
}

func (o ownIDs) New() sessions.ID          { return sessions.IDOf(o.next()) }
func (o ownIDs) Key(id sessions.ID) string { return o.key(id.Secret()) }
func (o ownIDs) Parse(s string) (sessions.ID, error) {
	if len(s) > 64 {
		return sessions.ID{}, sessions.ErrInvalidID
	}
	return sessions.IDOf(strings.ToLower(s)), nil
}

// A scheme that would lose sessions, or let two share one, is refused at once, and its error shows
// no key.
func TestIDs_ASchemeThatDoesNotWork(t *testing.T) {
	n := 0
	numbered := func() string { n++; return "secret" + strconv.Itoa(n) }
	itself := func(text string) string { return text }
	for want, ids := range map[string]sessions.IDScheme{
		"New returns an empty ID, or the same ID twice": ownIDs{func() string { return "same" }, itself},
		"New returns an empty ID, or the same":          ownIDs{func() string { return "" }, func(string) string { return "k" }},
		"Key returns an empty key":                      ownIDs{numbered, func(string) string { return "" }},
		"Key returns the same key for two IDs":          ownIDs{numbered, func(string) string { return "k" }},
		"Key returns a key with a colon":                ownIDs{numbered, func(text string) string { return "subject:" + text }},
		"Key returns a key that is not UTF-8":           ownIDs{numbered, func(text string) string { return text + "\xff" }},
		"Key returns another key for an ID of New":      ownIDs{func() string { return strings.ToUpper(numbered()) }, itself},
		"MigrateIDs: from: Key returns an empty key":    sessions.MigrateIDs(sessions.RandomIDs(32), ownIDs{numbered, func(string) string { return "" }}),
	} {
		_, err := sessions.New(memstore.New(nil), &sessions.Config[cart]{IDs: ids})
		wants.Text(t, err, "Config.IDs: ", want)
		is.New(t).True(!strings.Contains(err.Error(), "secret"))
	}
	_, err := sessions.New(memstore.New(nil), &sessions.Config[cart]{IDs: ownIDs{numbered, itself}})
	is.New(t).NoErr(err)
}
