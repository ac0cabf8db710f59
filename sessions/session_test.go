package sessions_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

func TestSessionShowsNeitherIDNorData(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	const private = "hush-hush"
	s := w.saved(t, cart{Items: []string{private}})

	type holder struct {
		Session *sessions.Session[cart]
		Copy    sessions.Session[cart]
	}
	values := map[string]any{
		"*Session": s, "Session": *s, "slice": []*sessions.Session[cart]{s}, "slice of copies": []sessions.Session[cart]{*s},
		"map": map[string]*sessions.Session[cart]{"s": s}, "struct": holder{s, *s}, "*struct": &holder{s, *s}, "any": []any{s, *s},
	}
	for name, v := range values {
		forms := logs(v)
		for _, verb := range verbs {
			// It calls no method of a value: see the comment of Session.
			if verb != "%p" {
				forms = append(forms, fmt.Sprintf(verb, v))
			}
		}
		out, err := json.Marshal(v)
		is.NoErr(err)
		for _, form := range append(forms, string(out)) {
			shows(t, private, form, "%s: %s", name, form)
			shows(t, s.ID().Secret(), form, "%s: %s", name, form)
		}
		is.True(strings.Contains(string(out), s.Handle())) // it shows its handle
	}
	is.Equal(fmt.Sprint(s), "session "+s.Handle())
	is.Equal(s.String(), "session "+s.Handle())
}

// If fmt calls no method it may print data, but never the ID.
func TestSessionShowsItsIDNowhere(t *testing.T) {
	w := newWorld(t, nil)
	s := w.saved(t, cart{})
	type holder struct{ private *sessions.Session[cart] }
	type copied struct{ private sessions.Session[cart] }
	for _, verb := range verbs {
		for _, v := range []any{*s, holder{s}, &holder{s}, copied{*s}, []any{holder{s}}} {
			shows(t, s.ID().Secret(), fmt.Sprintf(verb, v), "%T printed with %s", v, verb)
		}
	}
}

func TestSessionTellsWhatItIs(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.Create()
	is.True(s.IsNew())
	is.Equal(s.Subject(), "")
	is.Equal(s.Handle(), s.ID().Handle())
	is.Equal(s.CreatedAt(), start)
	is.Equal(s.AccessedAt(), start)
	is.NoErr(w.Save(t.Context(), s))
	is.True(!s.IsNew())
}

func TestZeroSessionIsRefused(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	for _, s := range []*sessions.Session[cart]{nil, {}} {
		for _, err := range []error{w.Save(t.Context(), s), w.Destroy(t.Context(), s)} {
			is.True(err != nil)
			wants.Text(t, err, "not a session that a Manager made")
		}
	}
	is.Equal(len(w.store.Took()), 0) // no store call was made
}

func TestPersist_IsStoredAndKept(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.login(t, "user")
	s.Persist = true
	is.True(w.Changed(s))
	is.NoErr(w.Save(t.Context(), s))
	got, err := w.other.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.True(got.Persist && !w.other.Changed(got))
	is.NoErr(w.other.Renew(t.Context(), got))
	is.NoErr(w.other.Authenticate(t.Context(), got, "user"))
	got, err = w.Load(t.Context(), got.ID().Secret())
	is.NoErr(err)
	is.True(got.Persist)
	got.Persist = false
	is.NoErr(w.Save(t.Context(), got))
	got, err = w.other.Load(t.Context(), got.ID().Secret())
	is.NoErr(err)
	is.True(!got.Persist)
}

// Discard drops unsaved changes.
func TestDiscard(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.login(t, "user")
	s.Data = cart{Items: []string{"tea"}}
	s.Device.Name = "d" // the next login would store it
	is.NoErr(w.Save(t.Context(), s))
	for _, s := range []*sessions.Session[cart]{s, w.Create()} {
		before := *s
		if s.IsNew() {
			before.Data = cart{}
		} else {
			before.Device.Name = ""
		}
		s.Data = cart{Items: append(s.Data.Items, "cups"), Count: 7}
		s.IdleTimeout, s.AbsoluteTimeout, s.Persist = time.Minute, time.Hour, true
		s.Federated = "idp"
		w.store.Took()
		is.NoErr(w.Discard(s))
		is.Equal(len(w.store.Took()), 0)
		is.Equal(s.Data, before.Data)
		is.Equal(s.IdleTimeout, before.IdleTimeout)
		is.Equal(s.AbsoluteTimeout, before.AbsoluteTimeout)
		is.Equal(s.Persist, before.Persist)
		is.Equal(s.Device, before.Device)
		is.Equal(s.Federated, before.Federated)
		is.Equal(w.Changed(s), s.IsNew())
	}
	is.True(w.Discard(nil) != nil)
	is.True(w.Discard(&sessions.Session[cart]{}) != nil)
}
