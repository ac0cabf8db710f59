package event_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/memstore"
)

// counter counts events by their kind.
type counter map[event.Kind]int

func (c counter) Observe(_ context.Context, e event.Event) { c[e.Kind]++ }

// alarm reports IDs that can be nobody's.
type alarm struct{}

func (alarm) Observe(_ context.Context, e event.Event) {
	if e.Kind == event.InvalidID {
		fmt.Println("somebody guesses:", e.Op)
	}
}

func ExampleMulti() {
	ctx, counts := context.Background(), counter{}
	m, err := sessions.New(memstore.New(nil), &sessions.Config[int]{Observer: event.Multi(counts, alarm{})})
	if err != nil {
		panic(err)
	}
	s, _ := m.CreateAndSave(ctx, 1)
	_, _ = m.Load(ctx, s.ID().Secret())
	_, _ = m.Load(ctx, "12345")
	fmt.Println(counts[event.Created], counts[event.Loaded], counts[event.InvalidID])
	// Output:
	// somebody guesses: load
	// 1 1 1
}

// A healthy service that logs at Info has a line for each login and logout, and none for a page
// view.
func ExampleLog() {
	ctx := context.Background()
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			switch a.Key { // different in each run
			case slog.TimeKey, "session", "duration":
				return slog.Attr{}
			}
			return a
		},
	}))
	m, err := sessions.New(memstore.New(nil), &sessions.Config[int]{Observer: event.Log(logger)})
	if err != nil {
		panic(err)
	}
	s := m.Create()
	_ = m.Authenticate(ctx, s, "user-7")
	_, _ = m.Load(ctx, s.ID().Secret())
	_ = m.Destroy(ctx, s)
	// Output:
	// level=INFO msg="session authenticated" op=authenticate event=authn_login_success subject=user-7
	// level=INFO msg="session destroyed" op=destroy event=session_logout subject=user-7
}

// timer prints operations with the calls that they made.
type timer struct{}

func (timer) Start(ctx context.Context, op string) context.Context {
	fmt.Println("start", op)
	return ctx // a tracer adds its span
}

func (timer) Observe(_ context.Context, e event.Event) {
	fmt.Println("end", e.Op, e.Kind, "store calls:", e.Calls)
}

func ExampleStartObserver() {
	m, err := sessions.New(memstore.New(nil), &sessions.Config[int]{Observer: timer{}})
	if err != nil {
		panic(err)
	}
	_, _ = m.CreateAndSave(context.Background(), 1)
	// Output:
	// start create
	// end create created store calls: 1
}
