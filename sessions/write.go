package sessions

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
	"github.com/dynasession/dynasession/sessions/internal/rosters"
	"github.com/dynasession/dynasession/sessions/internal/threeway"
)

var errEncode = errors.New("data can't be encoded")

// encode returns the payload of data, with the members of the stored payload that T doesn't know.
// stored may be nil.
func (m *Manager[T]) encode(data T, stored codec.Payload) (codec.Payload, error) {
	if m.dropUnknown {
		stored = nil
	}
	p, err := codec.EncodeOver(m.codec, data, stored)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errEncode, err)
	}
	if p == nil || p.Format() == "" {
		return nil, fmt.Errorf("%w: the codec %T returned no payload, or one without a format", errEncode, m.codec)
	}
	return p, nil
}

// decode returns the data of a record.
func (m *Manager[T]) decode(rec driver.Record) (T, error) {
	data, err := m.codec.Decode(rec.Payload)
	if err != nil {
		return data, fmt.Errorf("%w: %w", ErrDecode, err)
	}
	return data, nil
}

// saving says what a save of a session stores.
type saving struct {
	payload codec.Payload
	changed bool // the application has changed the session since it was loaded or saved
	encoded bool // this binary has encoded the payload
}

// savingOf returns what a save of s stores. Stored bytes that differ from what this binary would
// write are not a change: another binary, codec or library may have written them.
func (m *Manager[T]) savingOf(s *Session[T]) (saving, error) {
	same := saving{s.rec.Payload, s.settingsChanged(), s.written}
	now := fingerprintOf(&s.Data)
	if s.stored && s.seen.known && now == s.seen {
		return same, nil
	}
	p, err := m.encode(s.Data, s.rec.Payload)
	if err != nil {
		return saving{}, err
	}
	changed := saving{p, true, true}
	switch {
	case !s.stored:
		return changed, nil
	case codec.Equal(p, s.rec.Payload):
		return same, nil
	case s.written, s.seen.known && now.known && now.visible != s.seen.visible:
		return changed, nil
	}
	loaded, err := m.decode(s.rec)
	if err != nil {
		return saving{}, err
	}
	if unchanged, err := m.encode(loaded, s.rec.Payload); err == nil && codec.Equal(unchanged, p) {
		return same, nil
	}
	return changed, nil
}

// settingsChanged reports whether the timeouts or Persist have changed.
func (s *Session[T]) settingsChanged() bool {
	return s.IdleTimeout != s.rec.IdleTimeout || s.AbsoluteTimeout != s.rec.AbsoluteTimeout || s.Persist != s.rec.Persist
}

// Changed reports whether Save would write: the session was never saved, or its data or settings
// have changed since it was loaded or saved. It makes no store call. Data that can't be encoded
// counts as changed.
func (m *Manager[T]) Changed(s *Session[T]) bool {
	if usable(s) != nil {
		return false
	}
	if !s.stored || len(s.inDoubt) > 0 || s.moving != nil || s.correcting != nil || s.settingsChanged() {
		return true
	}
	w, err := m.savingOf(s)
	return err != nil || w.changed
}

// next returns the record that a save at now stores.
func (s *Session[T]) next(payload codec.Payload, now time.Time) driver.Record {
	rec := s.rec
	rec.Payload, rec.Rev = payload, newRev()
	rec.IdleTimeout, rec.AbsoluteTimeout, rec.Persist = s.IdleTimeout, s.AbsoluteTimeout, s.Persist
	if now.After(rec.Accessed) {
		rec.Accessed = now
	}
	return rec
}

// isStored notes that rec, which has the data of s, is stored.
func (m *Manager[T]) isStored(s *Session[T], rec driver.Record, encoded bool) {
	s.rec, s.stored, s.written, s.inDoubt = rec, true, encoded, nil
	s.seen = fingerprintOf(&s.Data)
}

// write stores w, the saving of s, in place of the record that s knows, if it has changed. If the
// response to an earlier write was lost, that write's record may be stored; write then replaces it.
func (m *Manager[T]) write(ctx context.Context, s *Session[T], w saving) error {
	m.correctBegin(s)
	if err := m.notExpired(ctx, s); err != nil || !w.changed && len(s.inDoubt) == 0 {
		return err
	}
	now, correction := m.correctedNow()
	rec, was := s.next(w.payload, now), s.rec.Accessed
	if s.stored && rec.Subject != "" && rec.Deadline().After(s.rec.Deadline()) {
		if err := m.extendEntries(ctx, &rec); err != nil {
			return err
		}
	}
	err := m.send(ctx, s, rec, s.rec.Rev)
	if len(s.inDoubt) > 0 && (errors.Is(err, ErrConflict) || errors.Is(err, driver.ErrExists)) {
		found, loadErr := m.store.Load(ctx, s.rec.Key)
		if loadErr != nil {
			return loadErr
		}
		if slices.Contains(s.inDoubt, found.Rev) {
			// An earlier write of ours.
			s.rec, s.seen, s.stored, s.written = found, fingerprint{}, true, true
			err = m.send(ctx, s, rec, found.Rev)
		}
	}
	switch {
	case err == nil:
		created := !s.stored
		m.isStored(s, rec, w.encoded)
		if created {
			err = m.correctStored(ctx, s)
		} else {
			m.correctAccess(ctx, s, was, correction)
		}
	case errors.Is(err, ErrOutcomeUnknown):
		s.inDoubt = append(slices.Clip(s.inDoubt), rec.Rev)
	}
	return err
}

// send makes the one store call that replaces the record of s, whose Rev is rev, by rec.
func (m *Manager[T]) send(ctx context.Context, s *Session[T], rec driver.Record, rev string) error {
	if !s.stored {
		return m.store.Create(ctx, rec)
	}
	return m.store.Replace(ctx, rec, rev)
}

// extendEntries gives a session's entries a later deadline, before its record gets it.
func (m *Manager[T]) extendEntries(ctx context.Context, rec *driver.Record) (err error) {
	e := entryOf(*rec)
	if rec.Page, err = m.rosters.Extend(ctx, subjectKey(rec.Application, rec.Subject), rec.Page, e); err != nil || rec.Federated == "" {
		return err
	}
	rec.FederatedPage, err = m.rosters.Extend(ctx, federatedKey(rec.Application, rec.Federated), rec.FederatedPage, e)
	return err
}

// entryOf returns the entry of a record in its lists.
func entryOf(rec driver.Record) rosters.Entry {
	return rosters.Entry{Key: rec.Key, Deadline: rec.Deadline(), Stale: rec.ExpiresAt()}
}

// correction returns by how much the Manager's clock corrects this host's.
func (m *Manager[T]) correction() time.Duration {
	if c, ok := m.clock.(clock.Corrected); ok {
		return c.Correction()
	}
	return 0
}

// correctedNow returns the current time, and the correction that it includes.
func (m *Manager[T]) correctedNow() (now time.Time, correction time.Duration) {
	for range 8 { // it may be another one every now and then, as the store's responses come
		correction = m.correction()
		if now = m.now(); (m.correction() - correction).Abs() <= negligibleJump {
			break
		}
	}
	return now, correction
}

// negligibleJump is the change of the correction below which a write isn't worth it.
const negligibleJump = 2 * time.Second

// correctBegin corrects the start of a session that was never saved, if the store's responses have
// corrected the clock since.
func (m *Manager[T]) correctBegin(s *Session[T]) {
	if s.stored {
		return
	}
	correction := m.correction()
	if jump := correction - s.corrected; jump.Abs() > negligibleJump {
		s.rec.Created, s.rec.Accessed, s.corrected = s.rec.Created.Add(jump), s.rec.Accessed.Add(jump), correction
	}
}

// correctStored corrects the times of a session that was just created, if the response to the
// Create, the first of this process, has corrected the clock.
func (m *Manager[T]) correctStored(ctx context.Context, s *Session[T]) error {
	jump := m.correction() - s.corrected
	if jump.Abs() <= negligibleJump {
		return nil
	}
	rec := s.rec
	rec.Created, rec.Accessed, rec.Rev = rec.Created.Add(jump), rec.Accessed.Add(jump), newRev()
	s.correcting = &rec
	return m.finishCorrection(ctx, s)
}

// correctAccess corrects the access that was just stored with s, after the one at was, if this
// host's clock was set forward before that and the response has put it right: otherwise the session
// would idle out too late. If that fails, the next call does it.
func (m *Manager[T]) correctAccess(ctx context.Context, s *Session[T], was time.Time, correction time.Duration) {
	jump := m.correction() - correction
	if jump >= -negligibleJump || !s.rec.Accessed.After(was) {
		return
	}
	rec := s.rec
	if rec.Accessed, rec.Rev = rec.Accessed.Add(jump), newRev(); rec.Accessed.Before(was) {
		rec.Accessed = was
	}
	s.correcting = &rec
	_ = m.finishCorrection(ctx, s)
}

// finishCorrection makes the write of correctStored or correctAccess, unless it is done. The store
// recognises an earlier attempt by its Rev.
func (m *Manager[T]) finishCorrection(ctx context.Context, s *Session[T]) error {
	if s.correcting == nil {
		return nil
	}
	err := m.store.Replace(ctx, *s.correcting, s.rec.Rev)
	switch {
	case errors.Is(err, ErrUnavailable):
		return err
	case err == nil:
		s.rec = *s.correcting
	case errors.Is(err, ErrConflict):
		err = nil // another request has stored the session since, with its times as they were
	}
	s.correcting = nil
	return err
}

// fingerprint is a hash of a value of T and everything that it refers to. It shows whether they
// were changed since, without a copy and without encoding. Two values with the same fingerprint are
// equal, except with a chance of about one in 2^64.
type fingerprint struct {
	known bool   // false: the value has something that can't be hashed, such as a channel
	all   uint64 // of everything; nil and empty differ
	// Of what is certain to be stored; nil and empty are the same: if it differs, the stored form
	// differs.
	visible uint64
}

// seed and begin make the fingerprints of a process unpredictable, so that nobody can choose two
// values with the same one.
var (
	seed  = maphash.MakeSeed()
	begin = fingerprint{true, maphash.String(seed, "all"), maphash.String(seed, "visible")}
)

// fingerprintOf returns the fingerprint of the value that data points to.
func fingerprintOf[T any](data *T) fingerprint {
	w := walker{begin, most, 0}
	w.walk(reflect.ValueOf(data).Elem(), true, 0)
	return w.fingerprint
}

// most bounds how much of a value a walker hashes, in values and in bytes of texts. Codecs refuse
// larger values.
const most = 8 * codec.EncodeLimit

// walker hashes a value.
type walker struct {
	fingerprint
	left int // of most
	free int // how many interfaces enclose the present value, which may come back as of another type
}

// take takes n from left, and reports whether there was enough.
func (w *walker) take(n int) bool {
	if w.left -= n; w.left < 0 {
		w.known = false
	}
	return w.known
}

// deepest is how deep a walker goes. A cycle is deeper.
const deepest = 100

func mix(h, x uint64) uint64 {
	hi, lo := bits.Mul64(h^x^0x9e3779b97f4a7c15, 0xff51afd7ed558ccd)
	return hi ^ lo
}

func (w *walker) add(x uint64, visible bool) {
	w.all = mix(w.all, x)
	if visible {
		w.visible = mix(w.visible, x)
	}
}

// hidden adds x to all, but not to visible.
func (w *walker) hidden(x bool) {
	if x {
		w.all = mix(w.all, 1)
	}
}

func (w *walker) walk(v reflect.Value, visible bool, depth int) {
	if depth > deepest {
		w.known = false
	}
	if !w.take(1) {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		x := uint64(0)
		if v.Bool() {
			x = 1
		}
		w.add(x, visible)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.add(uint64(v.Int()), visible && w.free == 0)
		if w.free > 0 {
			w.number(float64(v.Int()), visible)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		w.add(v.Uint(), visible && w.free == 0)
		if w.free > 0 {
			w.number(float64(v.Uint()), visible)
		}
	case reflect.Float32, reflect.Float64:
		w.add(math.Float64bits(v.Float()), visible && w.free == 0) // 0 and -0 differ
		if w.free > 0 {
			w.number(v.Float(), visible)
		}
	case reflect.Complex64, reflect.Complex128:
		w.add(math.Float64bits(real(v.Complex())), visible)
		w.add(math.Float64bits(imag(v.Complex())), visible)
	case reflect.String:
		if w.take(v.Len()) {
			w.add(maphash.String(seed, v.String()), visible)
		}
	case reflect.Slice:
		w.hidden(v.IsNil())
		w.elements(v, visible, depth)
	case reflect.Array:
		w.elements(v, visible, depth)
	case reflect.Map:
		w.hidden(v.IsNil())
		w.entries(v, visible, depth)
	case reflect.Pointer:
		w.pointer(v, visible, depth)
	case reflect.Interface:
		if v.IsNil() {
			w.add(0, visible)
			return
		}
		w.add(maphash.Comparable(seed, v.Elem().Type()), false)
		w.free++
		w.walk(v.Elem(), visible, depth+1)
		w.free--
	case reflect.Struct:
		w.fields(v, visible, depth)
	default: // a function, a channel, an unsafe pointer
		w.known = v.IsZero()
	}
}

// number adds a number in an interface, where 5 is stored as 5.0 is.
func (w *walker) number(x float64, visible bool) {
	if visible {
		w.visible = mix(w.visible, math.Float64bits(x))
	}
}

func (w *walker) elements(v reflect.Value, visible bool, depth int) {
	w.add(uint64(v.Len()), visible)
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		if w.take(v.Len()) {
			w.add(maphash.Bytes(seed, v.Bytes()), visible)
		}
		return
	}
	for i := 0; i < v.Len() && w.known; i++ {
		w.walk(v.Index(i), visible, depth+1)
	}
}

// entries adds the sum of the entries' hashes, since a map has no order.
func (w *walker) entries(v reflect.Value, visible bool, depth int) {
	var sum fingerprint
	for entries := v.MapRange(); entries.Next() && w.known; {
		one := walker{begin, w.left, w.free}
		one.walk(entries.Key(), visible, depth+1)
		one.walk(entries.Value(), visible, depth+1)
		w.known, w.left = one.known, one.left
		sum.all, sum.visible = sum.all+one.all, sum.visible+one.visible
	}
	w.add(uint64(v.Len()), visible)
	w.all = mix(w.all, sum.all)
	if visible {
		w.visible = mix(w.visible, sum.visible)
	}
}

var (
	typeOfTime     = reflect.TypeFor[time.Time]()
	typeOfLocation = reflect.TypeFor[*time.Location]()
)

func (w *walker) pointer(v reflect.Value, visible bool, depth int) {
	switch {
	case v.IsNil():
		w.add(0, visible)
	case v.Type() == typeOfLocation: // large and immutable; two may be alike
		w.add(uint64(v.Pointer()), false)
	default:
		w.add(1, visible)
		w.walk(v.Elem(), visible, depth+1)
	}
}

func (w *walker) fields(v reflect.Value, visible bool, depth int) {
	for i, shown := range shownFields(v.Type()) {
		w.walk(v.Field(i), visible && shown, depth+1)
	}
}

// shown has, by struct type, a []bool that says which fields every codec sees. Which ones a type
// that encodes itself uses is unknown.
var shown sync.Map

func shownFields(t reflect.Type) []bool {
	if known, ok := shown.Load(t); ok {
		return known.([]bool)
	}
	fields, own := make([]bool, t.NumField()), threeway.EncodesItself(t)
	for i := range fields {
		f := t.Field(i)
		fields[i] = t == typeOfTime || !own && (f.IsExported() || f.Anonymous) && !strings.Contains(string(f.Tag), `"-`)
	}
	shown.Store(t, fields)
	return fields
}
