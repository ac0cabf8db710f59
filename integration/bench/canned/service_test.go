package canned_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/bench/canned"
	"github.com/dynasession/dynasession/sessions"
)

type data struct{ Name string }

func manager(t *testing.T, transport http.RoundTripper, o ...func(*dynamodb.Options)) *sessions.Manager[data] {
	t.Helper()
	is := is.New(t)
	store, err := dynamo.NewStore(canned.Client(transport, o...), nil)
	is.NoErr(err)
	m, err := sessions.New[data](store, nil)
	is.NoErr(err)
	return m
}

func TestService_GivesBackWhatWasPutAndThenStaysSo(t *testing.T) {
	is := is.New(t)
	var service canned.Service
	m := manager(t, &service)
	s, err := m.CreateAndSave(t.Context(), data{"n"})
	is.NoErr(err)
	kept := service.Keep()
	for name, transport := range map[string]http.RoundTripper{"stub": kept, "net/http": kept.Transport()} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			m := manager(t, transport)
			for range 3 {
				got, err := m.Load(t.Context(), s.ID().Secret())
				is.NoErr(err)
				is.Equal(got.Data, data{"n"})
				got.Data.Name += "o"
				is.NoErr(m.Save(t.Context(), got))
				is.NoErr(m.Renew(t.Context(), got))
				_, err = m.CreateAndSave(t.Context(), data{"m"})
				is.NoErr(err)
			}
		})
	}
}

func TestService_AsAServer(t *testing.T) {
	is := is.New(t)
	server := httptest.NewServer(&canned.Service{})
	defer server.Close()
	m := manager(t, http.DefaultTransport, func(o *dynamodb.Options) { o.BaseEndpoint = &server.URL })
	s, err := m.CreateAndSave(t.Context(), data{"n"})
	is.NoErr(err)
	got, err := m.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data, data{"n"})
}
