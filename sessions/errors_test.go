package sessions_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

func TestErrorFamilies(t *testing.T) {
	is := is.New(t)
	wants.Err(t, sessions.ErrExpired, sessions.ErrNotFound)
	wants.Err(t, sessions.ErrInvalidID, sessions.ErrNotFound)
	wants.Err(t, sessions.ErrOutcomeUnknown, sessions.ErrUnavailable)

	all := []error{
		sessions.ErrNotFound, sessions.ErrExpired, sessions.ErrInvalidID, driver.ErrExists, sessions.ErrConflict,
		sessions.ErrTooLarge, sessions.ErrDecode, sessions.ErrUnavailable, sessions.ErrOutcomeUnknown,
	}
	parents := map[error]error{
		sessions.ErrExpired: sessions.ErrNotFound, sessions.ErrInvalidID: sessions.ErrNotFound,
		sessions.ErrOutcomeUnknown: sessions.ErrUnavailable,
	}
	for i, a := range all {
		for j, b := range all {
			is.Equal(errors.Is(a, b), i == j || parents[a] == b) // no error is any other one
		}
	}
}

func TestErrorText(t *testing.T) {
	is := is.New(t)
	err := error(&sessions.Error{Op: "load", Handle: "4ee055b8", Err: sessions.ErrExpired})
	is.Equal(err.Error(), "sessions: load 4ee055b8: session expired")
	wants.Err(t, err, sessions.ErrExpired)
	is.Equal((&sessions.Error{Op: "save", Err: sessions.ErrConflict}).Error(), "sessions: save: session was changed by another request")
}

func TestTooLargeErrorTellsSizeAndLimit(t *testing.T) {
	err := error(&sessions.TooLargeError{Size: 500000, Limit: 409600})
	wants.Err(t, err, sessions.ErrTooLarge)
	wants.Text(t, err, "500000")
	wants.Text(t, err, "409600")
}

// Each error of a Manager names the operation and the handle, and contains neither ID nor data.
func TestManagerErrorsTellOperationAndHandle(t *testing.T) {
	is := is.New(t)
	w := newWorld(t, nil)
	s := w.saved(t, cart{Items: []string{"a-very-private-item"}})
	is.NoErr(w.other.DestroyID(t.Context(), s.ID().Secret()))
	s.Data.Count++

	_, loadErr := w.Load(t.Context(), s.ID().Secret())
	_, updateErr := w.Update(t.Context(), s.ID().Secret(), func(*cart) error { return nil })
	saveErr := w.Save(t.Context(), s)
	_, badErr := w.Load(t.Context(), "made-up")
	for op, err := range map[string]error{"load": loadErr, "update": updateErr, "save": saveErr} {
		var e *sessions.Error
		is.True(errors.As(err, &e))
		is.Equal(e.Op, op)
		is.Equal(e.Handle, s.Handle())
		wants.Text(t, err, s.Handle())
		is.True(!strings.Contains(err.Error(), s.ID().Secret()))
		is.True(!strings.Contains(err.Error(), "a-very-private-item"))
	}
	var e *sessions.Error
	is.True(errors.As(badErr, &e))
	is.Equal(len(e.Handle), 128) // the hash of the text that the client sent
	is.True(!strings.Contains(badErr.Error(), "made-up"))

	_, err := w.Load(t.Context(), strings.Repeat("x", 5000))
	is.True(errors.As(err, &e))
	is.Equal(e.Handle, "") // too long to be hashed
}
