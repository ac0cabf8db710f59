package sessions

import (
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestRosterKey_HidesTheNameAndIsNoSessions(t *testing.T) {
	is := is.New(t)
	key := rosterKey("somebody")
	is.True(!strings.Contains(key, "somebody"))
	is.True(key != rosterKey("somebody else"))
	for _, ids := range []IDScheme{RandomIDs(32), SignedIDs(32, make([]byte, 32))} {
		is.True(!strings.Contains(ids.Key(ids.New()), ":")) // what every roster's key has
		is.True(!strings.Contains(ids.New().Secret(), ":"))
	}
}
