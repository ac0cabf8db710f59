package sessions_test

import (
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/internal/cued"
)

// A session that is renewed while its list is read is listed, under its new handle.
func TestSessions_ListsWhatIsRenewedMeanwhile(t *testing.T) {
	for name, renewals := range map[string]int{"once": 1, "again and again": 3} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			p := newWorld(t, nil)
			moving, other := p.login(t, "user"), p.login(t, "user")
			p.store.Once("LoadAll", func(c *cued.Call) error {
				for range renewals {
					is.NoErr(p.other.Renew(t.Context(), moving))
				}
				return c.Do()
			})
			infos, err := p.Sessions(t.Context(), "user")
			is.NoErr(err)
			handles := map[string]bool{}
			for _, i := range infos {
				handles[i.Handle] = true
			}
			is.Equal(handles, map[string]bool{moving.Handle(): true, other.Handle(): true})
			is.Equal(len(infos), 2)
		})
	}
}

// A session that is renewed and then ended is not listed.
func TestSessions_DoesNotListWhatEndsMeanwhile(t *testing.T) {
	is := is.New(t)
	p := newWorld(t, nil)
	moving := p.login(t, "user")
	p.store.Once("LoadAll", func(c *cued.Call) error {
		is.NoErr(p.other.Renew(t.Context(), moving))
		is.NoErr(p.other.Destroy(t.Context(), moving))
		return c.Do()
	})
	infos, err := p.Sessions(t.Context(), "user")
	is.NoErr(err)
	is.Equal(len(infos), 0)
}
