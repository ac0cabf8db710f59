package store_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
)

// zone is a transport that simulates a service whose time differs from this host's: it changes the
// Date header of responses. By the service's time, this host's clock is wrong.
type zone struct {
	ahead time.Duration // of this host's clock
	base  http.RoundTripper
}

func (z zone) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := z.base.RoundTrip(r)
	if err == nil {
		answer.Header.Set("Date", time.Now().Add(z.ahead).UTC().Format(http.TimeFormat))
	}
	return answer, err
}

// Now returns the service's time, like the clock of a host that is right.
func (z zone) Now() time.Time { return time.Now().Add(z.ahead) }

// skews records the clock skews in events.
type skews struct{ all []time.Duration }

func (s *skews) Observe(_ context.Context, e event.Event) {
	if e.Kind == event.ClockSkewed {
		s.all = append(s.all, e.ClockSkew)
	}
}

// A host whose clock is wrong works with the right time from the first response on.
func TestClock_OfAWrongHost(t *testing.T) {
	for name, wrong := range map[string]time.Duration{
		"10 minutes behind": -10 * time.Minute, "10 minutes ahead": 10 * time.Minute,
		"5 days behind": -5 * 24 * time.Hour, "5 days ahead": 5 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			z := zone{-wrong, http.DefaultTransport}
			table := withoutTTL(t) // or the engine would sweep by its own clock
			events := &skews{}
			// wrongHost returns the Manager of a new process, which has not had a
			// response yet.
			wrongHost := func() *sessions.Manager[string] {
				m, err := sessions.New(engine.Store(t, table, func(o *dynamodb.Options) { o.HTTPClient = &http.Client{Transport: z} }),
					&sessions.Config[string]{Observer: events})
				is.NoErr(err)
				return m
			}
			rightHost := func(c clock.Clock) *sessions.Manager[string] {
				m, err := sessions.New(engine.Store(t, table), &sessions.Config[string]{Clock: c})
				is.NoErr(err)
				return m
			}
			right := rightHost(z)

			// A user who was active a moment ago is signed in on every host.
			active, err := right.CreateAndSave(t.Context(), "active")
			is.NoErr(err)
			_, err = wrongHost().Load(t.Context(), active.ID().Secret())
			is.NoErr(err)
			is.Equal(len(events.all), 1)
			is.True((events.all[0] - wrong).Abs() < 2*time.Second)

			// A user who was away for longer than the idle timeout is signed in on no
			// host.
			idle, err := rightHost(clock.NewFake(z.Now().Add(-sessions.DefaultIdleTimeout-5*time.Second))).CreateAndSave(t.Context(), "idle")
			is.NoErr(err)
			_, err = wrongHost().Load(t.Context(), idle.ID().Secret())
			wants.Err(t, err, sessions.ErrExpired)

			// The recorded access has the right time: the idle timeout starts from now.
			earlier := z.Now().Add(-time.Hour)
			touched, err := rightHost(clock.NewFake(earlier)).CreateAndSave(t.Context(), "touched")
			is.NoErr(err)
			m := wrongHost()
			s, err := m.Load(t.Context(), touched.ID().Secret())
			is.NoErr(err)
			is.True(s.AccessedAt().Sub(z.Now()).Abs() < 5*time.Second)
			s.Data = "changed"
			is.NoErr(m.Save(t.Context(), s))
			s, err = right.Load(t.Context(), touched.ID().Secret())
			is.NoErr(err)
			is.True(s.AccessedAt().Sub(z.Now()).Abs() < 5*time.Second)
			is.Equal(s.CreatedAt().Unix(), earlier.Unix())

			// A session created after the first response has the right times.
			created, err := m.CreateAndSave(t.Context(), "created")
			is.NoErr(err)
			is.True(created.CreatedAt().Sub(z.Now()).Abs() < 5*time.Second)

			// The same holds for a session that the first call of a process creates or
			// signs in.
			first, err := wrongHost().CreateAndSave(t.Context(), "first")
			is.NoErr(err)
			m = wrongHost()
			login := m.Create()
			is.NoErr(m.Authenticate(t.Context(), login, "user"))
			for _, id := range []sessions.ID{first.ID(), login.ID()} {
				s, err := right.Load(t.Context(), id.Secret())
				is.NoErr(err)
				is.True(s.CreatedAt().Sub(z.Now()).Abs() < 5*time.Second)
				is.True(s.AccessedAt().Sub(z.Now()).Abs() < 5*time.Second)
			}
		})
	}
}

// withoutTTL creates a table without TTL, so that no items are swept.
func withoutTTL(t *testing.T) string {
	t.Helper()
	table := engine.Table(t)
	_, err := engine.Client(t).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &table, BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return table
}
