package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

func TestTrap_AStreamEndsWithItsSession(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(s site, id string) error
		want error
	}{
		"logout":  {func(s site, id string) error { return s.manager.DestroyID(context.Background(), id) }, nil},
		"revoked": {func(s site, id string) error { _, err := s.manager.RevokeAll(context.Background(), "u"); return err }, nil},
		"renewed": {func(s site, id string) error {
			got, err := s.manager.Load(context.Background(), id)
			if err != nil {
				return err
			}
			return s.manager.Renew(context.Background(), got)
		}, sessions.ErrRenewed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := is.New(t)
				s := newSite(t, nil)
				c0 := s.client()
				c0.login(t, "u")
				id := c0.cookies["__Host-id"]
				streaming, ended := make(chan struct{}), make(chan error)
				go func() {
					s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						is.NoErr(http.NewResponseController(w).Flush())
						close(streaming)
						ended <- s.WaitEnd(r.Context())
					})).ServeHTTP(httptest.NewRecorder(), request(id))
				}()
				<-streaming
				synctest.Wait()
				is.NoErr(c.end(s, id))
				began := time.Now()
				err := <-ended
				is.True(time.Since(began) <= 5*time.Second)
				is.True(err == nil && c.want == nil || errors.Is(err, c.want))
			})
		})
	}
}

func TestWaitEnd_WithoutASession(t *testing.T) {
	s := newSite(t, nil)
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		wants.Err(t, s.WaitEnd(r.Context()), sessions.ErrNotFound)
	})
	id := s.stored(t, visitor{})
	s.get(func(_ http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		wants.Err(t, s.WaitEnd(ctx), context.Canceled)
	}, id)
}
