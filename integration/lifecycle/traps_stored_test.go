package lifecycle_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/faults"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

type ctx = context.Context

func TestTrap_ATimeoutOfASessionsOwnIsStoredAndJudgedElsewhere(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		is := is.New(t)
		here, elsewhere := manager(t, p, sessions.Config[cart]{}), manager(t, p, sessions.Config[cart]{})
		s := saved(t, here, cart{})
		s.IdleTimeout = 10 * time.Hour
		is.NoErr(here.Save(t.Context(), s))
		p.clock.Advance(10*time.Hour - time.Second)
		got := loaded(t, elsewhere, s.ID().Secret())
		is.Equal(got.IdleTimeout, 10*time.Hour)
		got.IdleTimeout = 5 * time.Minute
		is.NoErr(elsewhere.Save(t.Context(), got))
		p.clock.Advance(5 * time.Minute)
		_, err := here.Load(t.Context(), s.ID().Secret())
		wants.Err(t, err, sessions.ErrExpired)
	})
}

func TestTrap_WhatHasExpiredAndIsNotSweptIsRefused(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		is := is.New(t)
		m := manager(t, p, sessions.Config[cart]{})
		s := saved(t, m, cart{})
		p.clock.Advance(2 * time.Hour)
		is.Equal(p.count(t), 1) // it is stored
		_, err := m.Load(t.Context(), s.ID().Secret())
		wants.Err(t, err, sessions.ErrExpired)
		wants.Err(t, err, sessions.ErrNotFound)
		s.Data.Count++
		wants.Err(t, m.Save(t.Context(), s), sessions.ErrExpired)
		wants.Err(t, m.Renew(t.Context(), s), sessions.ErrExpired)
		_, err = m.Update(t.Context(), s.ID().Secret(), func(*cart) error { return nil })
		wants.Err(t, err, sessions.ErrExpired)
	})
}

func TestTrap_DataOfAnotherTypeIsErrDecodeAndStays(t *testing.T) {
	type renamed struct {
		Items map[string]int `json:"items"`
	}
	places(t, func(t *testing.T, p place) {
		is := is.New(t)
		old, next := manager(t, p, sessions.Config[cart]{}), manager(t, p, sessions.Config[renamed]{})
		s := saved(t, old, cart{Items: []string{"secret-tea"}})
		_, err := next.Load(t.Context(), s.ID().Secret())
		wants.Err(t, err, sessions.ErrDecode)
		wants.NotErr(t, err, sessions.ErrNotFound) // not reported as missing
		is.True(!strings.Contains(err.Error(), "secret-tea"))
		_, err = next.LoadOrCreate(t.Context(), s.ID().Secret())
		wants.Err(t, err, sessions.ErrDecode)
		is.Equal(loaded(t, old, s.ID().Secret()).Data.Items, []string{"secret-tea"})
		is.NoErr(next.DestroyID(t.Context(), s.ID().Secret())) // even without reading it
		is.Equal(p.count(t), 0)
	})
}

func TestTrap_AnOutageIsNeitherAnEmptySessionNorTheEndOfOne(t *testing.T) {
	is := is.New(t)
	table := engine.NewTable(t)
	network := faults.New(nil, 1, nil)
	m, err := sessions.New[cart](engine.Store(t, table, network.Client), nil)
	is.NoErr(err)
	s := saved(t, m, cart{Count: 7})
	network.SetRates(faults.Rates{faults.CutBefore: 1})
	_, err = m.Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrUnavailable)
	wants.NotErr(t, err, sessions.ErrNotFound)
	fresh, err := m.LoadOrCreate(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrUnavailable)
	is.True(fresh == nil)
	network.SetRates(nil)
	is.Equal(loaded(t, m, s.ID().Secret()).Data.Count, int64(7)) // after the outage
}

func TestTrap_WhatIsTooLargeChangesNothing(t *testing.T) {
	is := is.New(t)
	m, err := sessions.New[cart](engine.Store(t, engine.NewTable(t)), nil)
	is.NoErr(err)
	s := saved(t, m, cart{Count: 7})
	s.Data.Items = []string{strings.Repeat("x", 400*1024)}
	err = m.Save(t.Context(), s)
	var large *sessions.TooLargeError
	is.True(errors.As(err, &large))
	is.Equal(large.Limit, 400*1024)
	is.True(large.Size > large.Limit)
	is.Equal(len(s.Data.Items), 1) // the change is kept in memory
	s.Data.Items = nil
	s.Data.Count = 8
	is.NoErr(m.Save(t.Context(), s)) // it can be saved once it is smaller
}

func TestTrap_AHandleIsNoID(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		m := manager(t, p, sessions.Config[cart]{})
		s := saved(t, m, cart{})
		_, err := m.Load(t.Context(), s.Handle())
		wants.Err(t, err, sessions.ErrInvalidID)
	})
}
