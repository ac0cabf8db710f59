package memstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/storetest"
)

func TestStore_KeepsTheContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) sessions.Store { return memstore.New(nil) })
}

func TestStore_SeveralAtATime(t *testing.T) {
	is := is.New(t)
	s := memstore.New(nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { is.NoErr(storetest.Check(t.Context(), func() sessions.Store { return s })) })
	}
	wg.Wait()
	is.Equal(s.Len(), 0)
}

func TestStore_PrintedShowsNoRecord(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 0)
	rec := record("the-k3y", start)
	rec.Payload = codec.Opaque("json", []byte(`"s3cret"`))
	is.NoErr(s.Create(t.Context(), rec))
	is.Equal(s.String(), "memstore of 1 sessions")
	is.Equal(fmt.Sprintf("%#v", s), "memstore of 1 sessions")
	asJSON, err := json.Marshal(s) //lint:ignore SA9005 that it shows nothing is what is tested
	is.NoErr(err)
	out := string(asJSON)
	holder := struct{ store *memstore.Store }{s}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		out += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, *s) + fmt.Sprintf(verb, holder) + fmt.Sprintf(verb, &holder)
	}
	is.True(!strings.Contains(out, "the-k3y"))
	is.True(!strings.Contains(out, "s3cret"))
	is.True(!strings.Contains(out, fmt.Sprintf("%x", "s3cret")))
}

func TestStore_AContextThatIsDoneIsUnavailable(t *testing.T) {
	is := is.New(t)
	s, _ := filled(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Load(ctx, "key0")
	is.True(errors.Is(err, sessions.ErrUnavailable))
	is.True(errors.Is(err, context.Canceled))
	is.True(errors.Is(s.Delete(ctx, "key0"), sessions.ErrUnavailable))
	is.Equal(s.Len(), 1)
}
