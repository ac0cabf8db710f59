package lifecycle_test

import (
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

func codecs() map[string]codec.Codec[cart] {
	return map[string]codec.Codec[cart]{"json": codec.JSON[cart]{}, "msgpack": msgpack.Codec[cart]{}, "native": attribute.Codec[cart]{}}
}

// TestLife runs through a session's life on each store with each codec.
func TestLife(t *testing.T) {
	for name, c := range codecs() {
		t.Run(name, func(t *testing.T) {
			places(t, func(t *testing.T, p place) { live(t, p, c) })
		})
	}
}

func live(t *testing.T, p place, c codec.Codec[cart]) {
	is, ctx := is.New(t), t.Context()
	here, elsewhere := manager(t, p, sessions.Config[cart]{Codec: c}), manager(t, p, sessions.Config[cart]{Codec: c})
	data := cart{
		Items: []string{"tea", "ü😀"}, Count: 1<<53 + 1, Since: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC),
		Notes: map[string]any{"gift": true, "nested": map[string]any{"list": []any{"a", nil}}},
	}
	s := saved(t, here, data)
	id := s.ID().Secret()

	other := loaded(t, elsewhere, id)
	other.Data.Since = other.Data.Since.UTC()
	is.Equal(other.Data, data)
	is.Equal(other.CreatedAt(), s.CreatedAt())

	other.Data.Items = append(other.Data.Items, "cups")
	is.NoErr(elsewhere.Save(ctx, other))
	is.Equal(loaded(t, here, id).Data.Items, []string{"tea", "ü😀", "cups"})

	p.clock.Advance(2*time.Hour - time.Second)
	s = loaded(t, here, id) // alive a second before the idle timeout; records the access

	is.NoErr(here.Renew(ctx, s))
	_, err := elsewhere.Load(ctx, id)
	wants.Err(t, err, sessions.ErrNotFound)
	renewed := loaded(t, elsewhere, s.ID().Secret())
	is.Equal(renewed.CreatedAt(), s.CreatedAt())
	is.Equal(renewed.Data.Items, []string{"tea", "ü😀", "cups"})

	p.clock.Advance(2 * time.Hour)
	_, err = elsewhere.Load(ctx, s.ID().Secret())
	wants.Err(t, err, sessions.ErrExpired) // past the idle timeout

	busy := saved(t, here, cart{Count: 3})
	for range 12*4 - 1 {
		p.clock.Advance(15 * time.Minute)
		is.Equal(loaded(t, elsewhere, busy.ID().Secret()).Data.Count, int64(3))
	}
	p.clock.Advance(15*time.Minute - time.Second)
	loaded(t, elsewhere, busy.ID().Secret())
	p.clock.Advance(time.Second)
	_, err = here.Load(ctx, busy.ID().Secret())
	wants.Err(t, err, sessions.ErrExpired) // past the absolute timeout

	user := saved(t, here, cart{})
	is.NoErr(here.Authenticate(ctx, user, "user-1"))
	is.Equal(loaded(t, elsewhere, user.ID().Secret()).Subject(), "user-1")
	slow := loaded(t, elsewhere, user.ID().Secret())
	is.NoErr(here.Destroy(ctx, user))
	slow.Data.Count++
	wants.Err(t, elsewhere.Save(ctx, slow), sessions.ErrNotFound)
	_, err = elsewhere.Load(ctx, user.ID().Secret())
	wants.Err(t, err, sessions.ErrNotFound)
}

// A fleet changes its codec host by host on one table.
func TestUpgrade_ARollingChangeOfTheCodec(t *testing.T) {
	places(t, func(t *testing.T, p place) {
		is := is.New(t)
		old := manager(t, p, sessions.Config[cart]{Codec: codec.JSON[cart]{}})
		ready := manager(t, p, sessions.Config[cart]{Codec: codec.Upgrade[cart](codec.JSON[cart]{}, attribute.Codec[cart]{})})
		next := manager(t, p, sessions.Config[cart]{Codec: codec.Upgrade[cart](attribute.Codec[cart]{}, codec.JSON[cart]{})})
		id := saved(t, old, cart{Count: 7}).ID().Secret()
		for n, m := range []*sessions.Manager[cart]{ready, next, ready, next} {
			s := loaded(t, m, id)
			is.Equal(s.Data.Count, int64(7+n))
			s.Data.Count++
			is.NoErr(m.Save(t.Context(), s))
		}
		_, err := old.Load(t.Context(), id)
		wants.Err(t, err, sessions.ErrDecode) // an error, and nothing is lost
		is.Equal(loaded(t, next, id).Data.Count, int64(11))
	})
}
