package storetest

import (
	"context"
	"time"

	"github.com/dynasession/dynasession/sessions"
)

func contextRules() []rule {
	return []rule{
		whenDone("create", nil, func(l *lab, ctx context.Context, rec sessions.Record) error {
			fresh := l.record()
			return first(wants("Create", l.store.Create(ctx, fresh), context.Canceled), l.absent(fresh.Key))
		}),
		whenDone("load", nil, func(l *lab, ctx context.Context, rec sessions.Record) error {
			_, err := l.store.Load(ctx, rec.Key)
			return wants("Load", err, context.Canceled)
		}),
		whenDone("replace", []string{replaceStores}, func(l *lab, ctx context.Context, rec sessions.Record) error {
			return wants("Replace", l.store.Replace(ctx, l.successor(rec), rec.Rev), context.Canceled)
		}),
		whenDone("rename", []string{renameMoves}, func(l *lab, ctx context.Context, rec sessions.Record) error {
			next := l.renamed(rec)
			return first(wants("Rename", l.store.Rename(ctx, rec.Key, next, rec.Rev), context.Canceled), l.absent(next.Key))
		}),
		whenDone("touch", []string{touchMoves}, func(l *lab, ctx context.Context, rec sessions.Record) error {
			rec.Accessed = rec.Accessed.Add(time.Second)
			return wants("Touch", l.store.Touch(ctx, rec.Key, rec.Accessed, rec.ExpiresAt()), context.Canceled)
		}),
		whenDone("delete", []string{deleteRemoves}, func(l *lab, ctx context.Context, rec sessions.Record) error {
			return wants("Delete", l.store.Delete(ctx, rec.Key), context.Canceled)
		}),
	}
}

// whenDone returns the rule that a call, given a context that is done, leaves rec as it is.
func whenDone(what string, needs []string, call func(*lab, context.Context, sessions.Record) error) rule {
	return rule{
		name:     "context: " + what,
		sentence: "A call whose context is done before it begins changes nothing and returns an error that is the context's.",
		needs:    append(needs, loadAbsent, createStores),
		check: func(l *lab) error {
			rec, err := l.created()
			ctx, cancel := context.WithCancel(l.ctx)
			cancel()
			return first(err, call(l, ctx, rec), l.stored(rec))
		},
	}
}
