package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

// A read never has an unknown outcome.
func TestLoadOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		answers []answer
		want    error
	}{
		"absent":              {[]answer{fine}, driver.ErrNotFound},
		"cut, then absent":    {[]answer{cut, fine}, driver.ErrNotFound},
		"connections cut":     {[]answer{cut}, driver.ErrUnavailable},
		"half, then absent":   {[]answer{ok(`{"Item":{"id"`), fine}, driver.ErrNotFound},
		"no body, then half":  {[]answer{ok(""), ok(`{"Item":{"id"`), fine}, driver.ErrNotFound},
		"always half":         {[]answer{ok(`{"Item":{"id"`)}, driver.ErrUnavailable},
		"500":                 {[]answer{broken500}, driver.ErrUnavailable},
		"throttled":           {[]answer{throttled}, driver.ErrUnavailable},
		"never dialed":        {[]answer{noDial}, driver.ErrUnavailable},
		"no table":            {[]answer{refusedWith(400, "ResourceNotFoundException", "")}, driver.ErrUnavailable},
		"a key it can't have": {[]answer{invalid}, driver.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, _ := newStore(t, c.answers...)
			_, err := store.Load(t.Context(), "k")
			check(t, err, c.want)
		})
	}
}

func TestLoadRequest(t *testing.T) {
	testRequest(t, "load", func(s *dynamo.Store) error {
		if _, err := s.Load(t.Context(), "k"); !errors.Is(err, driver.ErrNotFound) {
			return err
		}
		return nil
	})
}

func TestLoad_WhatAPythonTouchLeavesIsNoSession(t *testing.T) {
	_, err := loadItem(t, phantom)
	check(t, err, driver.ErrNotFound)
}

const phantom = `"id":{"S":"k"},"created":{"S":"2026-03-01T09:00:00+00:00"},` +
	`"accessed":{"S":"2026-03-01T09:00:00+00:00"},"expires":{"N":"1772362800"}`

func TestLoad_AMarker(t *testing.T) {
	is := is.New(t)
	_, err := loadItem(t, markerItem("m"))
	var e *driver.EndedError
	is.True(errors.As(err, &e))
	is.Equal(e.Marker, driver.Marker{
		Why: driver.Renewed, Next: "n", Rev: "m", At: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Until: time.Unix(1772356500, 0).UTC(),
	})
}

// With an attribute more or less, it is not what Python's touch leaves but a mangled session, which
// must be an error.
func TestLoad_WhatOnlyLooksLikeAPythonTouchIsMangled(t *testing.T) {
	const id, created = `"id":{"S":"k"}`, `"created":{"S":"2026-03-01T09:00:00+00:00"}`
	const accessed, expires = `"accessed":{"S":"2026-03-01T09:00:00+00:00"}`, `"expires":{"N":"1772362800"}`
	for _, attributes := range [][]string{
		{id, created, accessed, expires, `"data":{"S":"{}"}`},
		{id, created, accessed, expires, `"idle_timeout":{"N":"7200"}`},
		{id, created, accessed, expires, `"absolute_timeout":{"N":"43200"}`},
		{id, created, accessed, expires, `"rev":{"S":"r"}`},
		{id, created, accessed},
		{id, created, expires},
	} {
		_, err := loadItem(t, strings.Join(attributes, ","))
		check(t, err, driver.ErrDecode)
	}
}

func TestLoad_AsksForTheKey(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, fine)
	_, err := store.Load(t.Context(), "another")
	check(t, err, driver.ErrNotFound)
	is.Equal(w.sent[0].body["Key"], map[string]any{"id": map[string]any{"S": "another"}})
}

func batch(items, left string) answer {
	return ok(`{"Responses":{"app_session":[` + items + `]},"UnprocessedKeys":{` + left + `}}`)
}

func keysLeft(keys ...string) string {
	var list []string
	for _, k := range keys {
		list = append(list, `{"id":{"S":"`+k+`"}}`)
	}
	return `"app_session":{"Keys":[` + strings.Join(list, ",") + `],"ConsistentRead":true}`
}

func sessionItem(key string) string { return `{` + strings.Replace(whole, `"k"`, `"`+key+`"`, 1) + `}` }

func TestLoadAll(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, batch(sessionItem("c")+`,{`+strings.Replace(markerItem("m"), `"k"`, `"b"`, 1)+`},{"id":{"S":"d"},"rev":{"S":"r"}}`, ""))
	got, err := store.LoadAll(t.Context(), []string{"a", "b", "c", "d"})
	is.NoErr(err)
	is.Equal(len(got), 4)
	check(t, got[0].Err, driver.ErrNotFound)
	check(t, got[1].Err, driver.ErrRenewed)
	is.NoErr(got[2].Err)
	is.Equal(got[2].Record.Key, "c")
	check(t, got[3].Err, driver.ErrDecode)
	is.Equal(len(w.sent), 1)

	got, err = store.LoadAll(t.Context(), nil)
	is.NoErr(err)
	is.Equal(len(got), 0)
	is.Equal(len(w.sent), 1) // no call is made

	_, err = store.LoadAll(t.Context(), make([]string, driver.MaxBatch+1))
	is.True(err != nil && strings.Contains(err.Error(), "101 keys: must be at most 100"))
}

// The service refuses a request that has a key twice.
func TestLoadAll_AKeyThatIsGivenTwiceIsRequestedOnce(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, batch(sessionItem("a")+","+sessionItem("b"), ""))
	got, err := store.LoadAll(t.Context(), []string{"a", "b", "a"})
	is.NoErr(err)
	is.Equal(len(got), 3)
	is.Equal(got[0].Record.Key, "a")
	is.Equal(got[2].Record.Key, "a")
	is.Equal(w.sent[0].body["RequestItems"].(map[string]any)["app_session"], map[string]any{
		"ConsistentRead": true, "Keys": []any{map[string]any{"id": map[string]any{"S": "a"}}, map[string]any{"id": map[string]any{"S": "b"}}},
	})
}

// Only unprocessed keys are requested again.
func TestLoadAll_UnprocessedKeys(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t,
		batch(sessionItem("a"), keysLeft("b", "c")), batch("", keysLeft("b", "c")), throttled, batch(sessionItem("c")+","+sessionItem("b"), ""))
	got, err := store.LoadAll(t.Context(), []string{"a", "b", "c"})
	is.NoErr(err)
	for i, key := range []string{"a", "b", "c"} {
		is.NoErr(got[i].Err)
		is.Equal(got[i].Record.Key, key)
	}
	is.Equal(len(w.sent), 4)
	is.Equal(w.sent[3].body["RequestItems"].(map[string]any)["app_session"], map[string]any{
		"ConsistentRead": true, "Keys": []any{map[string]any{"id": map[string]any{"S": "b"}}, map[string]any{"id": map[string]any{"S": "c"}}},
	})
}

// As long as something is processed each time, it goes on.
func TestLoadAll_OneKeyIsProcessedAtATime(t *testing.T) {
	is := is.New(t)
	var keys []string
	for i := range 3 * 10 {
		keys = append(keys, fmt.Sprint("k", i))
	}
	var answers []answer
	for i, key := range keys {
		left := ""
		if i+1 < len(keys) {
			left = keysLeft(keys[i+1:]...)
		}
		answers = append(answers, batch(sessionItem(key), left))
	}
	store, w := newStore(t, answers...)
	got, err := store.LoadAll(t.Context(), keys)
	is.NoErr(err)
	for i, key := range keys {
		is.Equal(got[i].Record.Key, key)
	}
	is.Equal(len(w.sent), len(keys))
}

func TestLoadAll_NothingIsEverProcessed(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, batch("", keysLeft("a", "b")))
	_, err := store.LoadAll(t.Context(), []string{"a", "b"})
	check(t, err, driver.ErrUnavailable)
	is.True(strings.Contains(err.Error(), "capacity is used up"))
	is.Equal(len(w.sent), 10)
}

// The pauses between rounds end with the call.
func TestLoadAll_EndsAtTheDeadline(t *testing.T) {
	is := is.New(t)
	w := &wire{answers: []answer{batch("", keysLeft("a", "b"))}}
	store, err := dynamo.NewStore(w.client(), &dynamo.Config{Timeout: 10 * time.Millisecond})
	is.NoErr(err)
	_, err = store.WithPauses(time.Hour).LoadAll(t.Context(), []string{"a", "b"})
	check(t, err, driver.ErrUnavailable)
	wants.Err(t, err, context.DeadlineExceeded)
}

func TestLoadAll_Outcomes(t *testing.T) {
	for name, c := range map[string]struct {
		answers []answer
		want    error
	}{
		"cut, then nothing": {[]answer{cut, batch("", "")}, nil},
		"connections cut":   {[]answer{cut}, driver.ErrUnavailable},
		"throttled":         {[]answer{throttled}, driver.ErrUnavailable},
		"denied":            {[]answer{refusedWith(400, "AccessDeniedException", "")}, driver.ErrUnavailable},
		"later denied":      {[]answer{batch("", keysLeft("a")), refusedWith(400, "AccessDeniedException", "")}, driver.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			store, _ := newStore(t, c.answers...)
			got, err := store.LoadAll(t.Context(), []string{"a", "b"})
			check(t, err, c.want)
			if (err == nil) != (len(got) == 2) {
				t.Errorf("%d results and %v", len(got), err)
			}
		})
	}
}

func TestLoad_ManyRequests(t *testing.T) {
	testRequest(t, "load_all", func(s *dynamo.Store) error { _, err := s.LoadAll(t.Context(), []string{"a", "b"}); return err })
	testRequest(t, "load_rosters", func(s *dynamo.Store) error { _, err := s.LoadRosters(t.Context(), "a:1", "a:2"); return err })
	testRequest(t, "load_roster", func(s *dynamo.Store) error { _, err := s.LoadRosters(t.Context(), "subject:x"); return err })
}

// Reads are eventually consistent if the Config says so, except those of rosters.
func TestLoad_Consistency(t *testing.T) {
	for _, eventually := range []bool{false, true} {
		is := is.New(t)
		w := &wire{answers: []answer{fine}}
		store, err := dynamo.NewStore(w.client(), &dynamo.Config{EventuallyConsistent: eventually})
		is.NoErr(err)
		_, _ = store.LoadAll(t.Context(), []string{"a", "b"})
		_, _ = store.LoadRosters(t.Context(), "a", "b")
		_, _ = store.LoadRosters(t.Context(), "a")
		consistent := func(n int) any {
			return w.sent[n].body["RequestItems"].(map[string]any)["app_session"].(map[string]any)["ConsistentRead"]
		}
		is.Equal(consistent(0), !eventually)
		is.Equal(consistent(1), true)
		is.Equal(w.sent[2].body["ConsistentRead"], true)
	}
}
