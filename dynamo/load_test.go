package dynamo_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions"
)

// A read tells nothing of outcomes: it failed, or it did not.
func TestLoadOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		answers []answer
		want    error
	}{
		"absent":              {[]answer{fine}, sessions.ErrNotFound},
		"cut, then absent":    {[]answer{cut, fine}, sessions.ErrNotFound},
		"connections cut":     {[]answer{cut}, sessions.ErrUnavailable},
		"500":                 {[]answer{broken500}, sessions.ErrUnavailable},
		"throttled":           {[]answer{throttled}, sessions.ErrUnavailable},
		"never dialed":        {[]answer{noDial}, sessions.ErrUnavailable},
		"no table":            {[]answer{refusedWith(400, "ResourceNotFoundException", "")}, sessions.ErrUnavailable},
		"a key it can't have": {[]answer{invalid}, sessions.ErrUnavailable},
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
		if _, err := s.Load(t.Context(), "k"); !errors.Is(err, sessions.ErrNotFound) {
			return err
		}
		return nil
	})
}

func TestLoad_WhatAPythonTouchLeavesIsNoSession(t *testing.T) {
	store, _ := newStore(t, ok(`{"Item":{"id":{"S":"k"},"created":{"S":"2026-03-01T09:00:00+00:00"},`+
		`"accessed":{"S":"2026-03-01T09:00:00+00:00"},"expires":{"N":"1772362800"}}}`))
	_, err := store.Load(t.Context(), "k")
	check(t, err, sessions.ErrNotFound)
}

// With any attribute more, or one less, it is no phantom but a session that is mangled: that must show.
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
		check(t, err, sessions.ErrDecode)
	}
}

func TestLoad_AsksForTheKey(t *testing.T) {
	is := is.New(t)
	store, w := newStore(t, fine)
	_, err := store.Load(t.Context(), "another")
	check(t, err, sessions.ErrNotFound)
	is.Equal(w.sent[0].body["Key"], map[string]any{"id": map[string]any{"S": "another"}})
}
