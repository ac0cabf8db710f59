package sessions

import (
	"context"
	"time"
)

// keptInMap is a store of a few lines, for tests inside of this package, which memstore imports.
type keptInMap map[string]Record

func (k keptInMap) Create(_ context.Context, rec Record) error { k[rec.Key] = rec; return nil }

func (k keptInMap) Load(_ context.Context, key string) (Record, error) {
	rec, ok := k[key]
	if !ok {
		return Record{}, ErrNotFound
	}
	return rec, nil
}

func (k keptInMap) Replace(_ context.Context, rec Record, _ string) error {
	k[rec.Key] = rec
	return nil
}

func (k keptInMap) Rename(_ context.Context, from string, rec Record, _ string) error {
	delete(k, from)
	k[rec.Key] = rec
	return nil
}

func (k keptInMap) Touch(context.Context, string, time.Time, time.Time) error { return nil }
func (k keptInMap) Delete(_ context.Context, key string) error                { delete(k, key); return nil }
