package dynamo_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
)

func TestLoadRosterRequest(t *testing.T) {
	testRequest(t, "load_roster", func(s *dynamo.Store) error {
		_, err := s.LoadRoster(t.Context(), "subject:x")
		return err
	})
}

func TestLoadRoster(t *testing.T) {
	is := is.New(t)
	store, _ := newStore(t, ok(`{"Item":{"id":{"S":"subject:x"},"rev":{"S":"r"},"epoch":{"N":"2"},"expires":{"N":"1772370000"},`+
		`"s:a":{"N":"1772360000"},"s:b":{"N":"1772370000"},"theirs":{"S":"stays"}}}`))
	r, err := store.LoadRoster(t.Context(), "subject:x")
	is.NoErr(err)
	is.Equal(r, sessions.Roster{
		Key: "subject:x", Rev: "r", Epoch: 2, Expires: time.Unix(1772370000, 0).UTC(),
		Entries: map[string]time.Time{"a": time.Unix(1772360000, 0).UTC(), "b": time.Unix(1772370000, 0).UTC()},
	})
}

func TestLoadRoster_AMangledOneIsErrDecode(t *testing.T) {
	for name, item := range map[string]string{
		"rev":     `"expires":{"N":"1"}`,
		"expires": `"rev":{"S":"r"}`,
		"epoch":   `"rev":{"S":"r"},"expires":{"N":"1"},"epoch":{"S":"1"}`,
		"s:a":     `"rev":{"S":"r"},"expires":{"N":"1"},"s:a":{"S":"soon"}`,
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			store, _ := newStore(t, ok(`{"Item":{"id":{"S":"k"},`+item+`}}`))
			_, err := store.LoadRoster(t.Context(), "k")
			is.True(errors.Is(err, sessions.ErrDecode))
			is.True(strings.Contains(err.Error(), `"`+name+`"`))
		})
	}
}

func TestLoadRoster_AnOutageIsUnavailable(t *testing.T) {
	store, _ := newStore(t, cut)
	_, err := store.LoadRoster(t.Context(), "k")
	check(t, err, sessions.ErrUnavailable)
}
