package memstore

import (
	"time"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
)

// entry is a record or a roster as it is kept, and where it stands in the queue. There may be millions: so a time is a number, which
// takes a third of a time.Time, and a device is kept only if there is one.
type entry struct {
	key               string
	rev               string
	subject           string
	payload           codec.Payload
	device            *sessions.Device // nil: none was noted
	created, accessed int64            // microseconds since 1970
	idle, absolute    time.Duration
	expires           int64            // the second since 1970 from which it may be swept
	index             int              // in the queue
	roster            *sessions.Roster // nil: it is a record, else nothing above but key and expires is set
}

// set makes the entry that of rec.
func (e *entry) set(rec sessions.Record) {
	e.key, e.rev, e.subject, e.payload, e.device = rec.Key, rec.Rev, rec.Subject, rec.Payload, nil
	if rec.Device != (sessions.Device{}) {
		device := rec.Device // or else each rec that comes here would be on the heap
		e.device = &device
	}
	e.created, e.accessed = rec.Created.UnixMicro(), rec.Accessed.UnixMicro()
	e.idle, e.absolute = rec.IdleTimeout, rec.AbsoluteTimeout
}

// record returns what set was given.
func (e *entry) record() sessions.Record {
	var device sessions.Device
	if e.device != nil {
		device = *e.device
	}
	return sessions.Record{
		Key: e.key, Payload: e.payload, Rev: e.rev, Subject: e.subject, Device: device,
		Created: time.UnixMicro(e.created).UTC(), Accessed: time.UnixMicro(e.accessed).UTC(),
		IdleTimeout: e.idle, AbsoluteTimeout: e.absolute,
	}
}

// own reports whether the entry was stored by the write that rec is of.
func (e *entry) own(rec sessions.Record) bool { return rec.Rev != "" && e.rev == rec.Rev }
