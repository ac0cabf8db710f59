package regions_test

import (
	"errors"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/regional"
)

// On two DynamoDB tables that don't replicate, only the home table gets records and lists, and both
// get markers.
func TestHome_OnDynamoDB(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	eu, us := engine.Store(t, engine.NewTable(t)), engine.Store(t, engine.NewTable(t))
	store, err := regional.New(map[string]driver.Store{"eu": eu, "us": us}, &regional.Config{Home: "eu"})
	is.NoErr(err)
	m, err := sessions.New[cart](store, nil)
	is.NoErr(err)

	s := m.Create()
	is.NoErr(m.Authenticate(ctx, s, "alice"))
	old := s.Handle()
	_, err = us.Load(ctx, old)
	wants.Err(t, err, driver.ErrNotFound)
	is.NoErr(m.Renew(ctx, s))
	_, err = us.Load(ctx, old)
	wants.Err(t, err, driver.ErrRenewed)
	is.NoErr(m.Destroy(ctx, s))
	var ended *driver.EndedError
	_, err = us.Load(ctx, s.Handle())
	is.True(errors.As(err, &ended))
	is.Equal(ended.Marker.Why, driver.Destroyed)

	is.NoErr(store.SetHome("us"))
	is.NoErr(m.Authenticate(ctx, m.Create(), "alice"))
	infos, err := m.Sessions(ctx, "alice")
	is.NoErr(err)
	is.Equal(len(infos), 1)
}
