package sessions

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/event"
	"github.com/dynasession/dynasession/sessions/internal/threeway"
)

// updateAttempts bounds how often Update calls its function.
const updateAttempts = 256

// mergeAttempts bounds how often one save is merged before it returns ErrConflict.
const mergeAttempts = 16

// mergeFunc is the type of Config.Merge.
type mergeFunc[T any] func(base, ours, theirs T) (T, error)

var errMerge = errors.New("merge")

// Save stores the session: its data, its timeouts and Persist. It makes one store call, or none if
// nothing has changed since the session was loaded or saved. A save counts as an access. If another
// request has changed the session since it was loaded, Save stores the result of Config.Merge, and
// s has it afterwards. Save keeps the stored fields that T doesn't have, unless Config.DropUnknown
// is set.
//
// The error is [ErrConflict] if another request has changed the session and the two can't be
// merged, [ErrNotFound] if it has ended or was renewed since ([ErrRenewed], [ErrExpired]),
// [ErrTooLarge] if it is too large for the store, and [ErrOutcomeUnknown] if the store's response
// was lost: then call Save again. On error s keeps its data.
func (m *Manager[T]) Save(ctx context.Context, s *Session[T]) error {
	ctx, o := m.observe(ctx, "save")
	kind, rev := event.Created, ""
	if s != nil && s.stored {
		kind, rev = event.Saved, s.rec.Rev
	}
	if err := m.save(ctx, s, m.merge); err != nil {
		if errors.Is(err, driver.ErrExists) {
			err = fmt.Errorf("%w: %w", ErrConflict, err) // a copy of s was saved before
		}
		return o.done(eventOf(o, "", s), err)
	}
	if rev != "" && rev == s.rec.Rev {
		kind = event.Unchanged
	}
	return o.done(eventOf(o, kind, s), nil)
}

// save stores s. On a conflict it merges, if merge is not nil, and begins again.
func (m *Manager[T]) save(ctx context.Context, s *Session[T], merge mergeFunc[T]) error {
	if err := usable(s); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	s.takeName()
	if s.moving != nil {
		// ErrExists means that the exchange did not commit, or that the session has ended, which
		// the write under the old ID below finds out.
		if err := m.finish(context.WithoutCancel(ctx), s); err != nil && !errors.Is(err, driver.ErrExists) {
			return err
		}
	}
	if err := m.finishCorrection(ctx, s); err != nil {
		return err
	}
	w, err := m.savingOf(s)
	if err != nil {
		return err
	}
	if !w.changed && len(s.inDoubt) == 0 {
		return m.notExpired(ctx, s)
	}
	draft := *s
	for attempt := 0; ; attempt++ {
		if attempt > 0 {
			if w, err = m.savingOf(&draft); err != nil {
				return err
			}
		}
		err := m.write(ctx, &draft, w)
		if err == nil || errors.Is(err, ErrOutcomeUnknown) || draft.correcting != nil {
			// Also after an unknown outcome: draft has the revs in doubt, and the merged data. And
			// if it was created and its times could not be corrected.
			*s = draft
			return err
		}
		if !errors.Is(err, ErrConflict) || merge == nil || attempt == mergeAttempts {
			return err
		}
		if len(draft.inDoubt) > 0 {
			// Theirs may include an earlier write of ours, which a merge would count twice.
			return err
		}
		found, err := m.store.Load(ctx, draft.rec.Key)
		if err == nil {
			err = m.mergeTheirs(ctx, &draft, found, merge)
		}
		if err != nil {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// mergeTheirs rebases s, which lost a race, on found, the stored record: it merges the data, and
// takes their value of each setting that s has not changed.
func (m *Manager[T]) mergeTheirs(ctx context.Context, s *Session[T], found driver.Record, merge mergeFunc[T]) error {
	if err := m.judge(ctx, found, m.now()); err != nil {
		return err
	}
	theirs, err := m.decode(found)
	if err != nil {
		return err
	}
	base, err := m.decode(s.rec)
	if err != nil {
		return err
	}
	merged, err := merge(base, s.Data, theirs)
	if err != nil {
		return fmt.Errorf("%w: %w", errMerge, err)
	}
	s.Data = merged
	if s.IdleTimeout == s.rec.IdleTimeout {
		s.IdleTimeout = found.IdleTimeout
	}
	if s.AbsoluteTimeout == s.rec.AbsoluteTimeout {
		s.AbsoluteTimeout = found.AbsoluteTimeout
	}
	if s.Persist == s.rec.Persist {
		s.Persist = found.Persist
	}
	s.rec, s.seen, s.written, s.inDoubt = found, fingerprint{}, false, nil
	return nil
}

// Update loads the session of the ID that a client sent, calls f to change its data, and saves it.
// If another request has changed the session in the meantime, it starts over with the newly stored
// data. So no request's change is lost. f may run several times, but never twice on the same stored
// state, so it should change nothing but its argument. If f returns an error, Update returns it
// unchanged and stores nothing.
//
// The error is [ErrNotFound] as for Load, [ErrConflict] after 256 attempts, [ErrTooLarge],
// [ErrDecode], or [ErrOutcomeUnknown] if the store's response was lost: then the change may have
// been stored, and Update doesn't repeat it.
func (m *Manager[T]) Update(ctx context.Context, id string, f func(*T) error) (*Session[T], error) {
	ctx, o := m.observe(ctx, "update")
	for attempt := 0; ; attempt++ {
		s, err := m.load(ctx, id, true, nil)
		if err != nil {
			return nil, o.done(event.Event{Handle: sentHandle(id)}, err)
		}
		if err := f(&s.Data); err != nil {
			o.givenUp(eventOf(o, "", s))
			return nil, err
		}
		kind, rev := event.Saved, s.rec.Rev
		err = m.save(ctx, s, nil)
		if err == nil {
			if rev == s.rec.Rev {
				kind = event.Unchanged
			}
			return s, o.done(eventOf(o, kind, s), nil)
		}
		if !errors.Is(err, ErrConflict) || attempt == updateAttempts-1 {
			return nil, o.done(event.Event{Handle: sentHandle(id)}, err)
		}
		if err := pause(ctx, attempt); err != nil {
			return nil, o.done(event.Event{Handle: sentHandle(id)}, err)
		}
	}
}

// A Merger is a type that merges its own values in [MergeFields], such as a counter that adds what
// both sides have counted.
//
// MergeFields calls Merge on our value if both sides have changed it, even if to the same value.
// base is the value that both sides started from, the zero value if there was none. Merge must not
// change its arguments, and may be called several times for one save. Its error ends the merge; it
// should wrap [ErrConflict] if the two changes are incompatible.
//
// The method may have receiver T or *T, may take and return *T instead of T, and may omit the
// error.
type Merger[T any] interface {
	Merge(base, theirs T) (T, error)
}

// MergeFields merges ours and theirs, two changed versions of base. A [Manager] resolves lost races
// with it unless [Config].Merge is set: two requests that change different fields of a session both
// succeed.
//
// It merges structs, maps and the targets of pointers member by member. If one side didn't change a
// member, the result has the other side's value. If both changed it to the same value, the result
// has that value. If both changed it to different values, or one changed a map entry that the other
// deleted, the error wraps [ErrConflict] and names the member by its path, such as "Cart.Items".
// Errors don't show values or map keys.
//
// These rules say what a member is:
//
//   - A type that implements [Merger] decides for itself.
//   - A slice or array is one value: if both sides append to it, that is a conflict. Keep such
//     items in a map, or give the slice's type a method Merge.
//   - A type that encodes itself is one value: one that implements json.Marshaler,
//     encoding.TextMarshaler, encoding.BinaryMarshaler, a marshaler of MessagePack or DynamoDB
//     attributes, or driver.Valuer. So are time.Time, url.URL, big.Int and sql.NullString.
//   - The unexported fields of a struct together are one value. The codecs of this module don't
//     store them, so with these codecs the result has ours.
//   - The value in an interface is one value, except that a map[string]any is merged by key.
//   - A pointer or map entry that both sides added is merged as if both had changed a zero value.
//     So both may allocate a struct and set different fields of it.
//   - A nil map is treated as an empty one.
//
// Values are compared deeply. NaN equals itself. Where both sides changed a member, or the other
// side changed part of it, times are compared as instants, and nil equals empty, 0 equals -0, and
// in an interface numbers of different types can be equal.
//
// MergeFields changes none of its arguments. The result shares no memory with base. It may share
// memory with ours, and is ours itself if theirs changed nothing. Values from theirs are copied,
// except what a type such as big.Int keeps in unexported fields, which is shared. If both sides
// have a value that contains itself, which no codec can store, it returns an error.
func MergeFields[T any](base, ours, theirs T) (T, error) {
	var merged, none T
	v, err := threeway.Merge(reflect.ValueOf(&base).Elem(), reflect.ValueOf(&ours).Elem(), reflect.ValueOf(&theirs).Elem())
	if err != nil {
		if conflict, ok := errors.AsType[*threeway.Conflict](err); ok {
			err = fmt.Errorf("%w: %w", ErrConflict, conflict)
		}
		return none, err
	}
	reflect.ValueOf(&merged).Elem().Set(v)
	return merged, nil
}

// NoMerge doesn't merge: it always returns [ErrConflict]. As [Config].Merge it makes every lost
// race an ErrConflict.
func NoMerge[T any](_, _, _ T) (T, error) {
	var none T
	return none, ErrConflict
}
