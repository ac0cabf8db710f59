package sessions

import (
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestCounted_EachCall(t *testing.T) {
	is := is.New(t)
	m, err := New(keptInMap{}, &Config[int]{Observer: LogObserver(nil)})
	is.NoErr(err)
	ctx, w := m.watch(t.Context(), "all")
	s := counting(keptInMap{})
	_, _ = s.Load(ctx, "k")
	_ = s.Create(ctx, Record{Key: "k"})
	_ = s.Replace(ctx, Record{Key: "k"}, "")
	_ = s.Rename(ctx, "k", Record{Key: "l"}, "")
	_ = s.Touch(ctx, "l", time.Time{}, time.Time{})
	_ = s.Delete(ctx, "l")
	is.Equal(w.effort.calls, 6)
	_, keeps := s.(SubjectStore)
	is.True(!keeps) // what a store can't, a counted one can't either
}
