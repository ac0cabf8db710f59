package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions"
)

const gives = "A Store gives back what it was given: "

func keepRules() []rule {
	return []rule{
		keeps("payload", gives+"a payload that is codec.Equal to the one stored and of the same format.", payloads()),
		keeps("rev", gives+"Rev.", []func(*sessions.Record){
			func(r *sessions.Record) { r.Rev = "" },
			func(r *sessions.Record) { r.Rev = strings.Repeat("r", 100) },
		}),
		keeps("subject", gives+"Subject.", []func(*sessions.Record){
			func(r *sessions.Record) { r.Subject = "" },
			func(r *sessions.Record) { r.Subject = "Ünïcode 😀 / sub|ject\n" },
			func(r *sessions.Record) { r.Subject = strings.Repeat("s", 1024) },
		}),
		keeps("device", gives+"Device.", []func(*sessions.Record){
			func(r *sessions.Record) { r.Device = sessions.Device{Name: "Ünïcode 😀", IP: "2001:db8::1"} },
			func(r *sessions.Record) { r.Device = sessions.Device{Name: strings.Repeat("n", 256)} },
		}),
		keeps("times", gives+"both times to the microsecond in UTC.", times()),
		keeps("timeouts", gives+"both timeouts to the second.", []func(*sessions.Record){
			func(r *sessions.Record) { r.IdleTimeout = 61 * time.Minute },
			func(r *sessions.Record) { r.AbsoluteTimeout = 10 * 365 * 24 * time.Hour },
			func(r *sessions.Record) { r.IdleTimeout, r.AbsoluteTimeout = 7201*time.Second, 7202*time.Second },
		}),
	}
}

// keeps returns the rule that records come back, however each of vary has changed them.
func keeps(what, sentence string, vary []func(*sessions.Record)) rule {
	return rule{
		name:     "keep: " + what,
		sentence: sentence,
		needs:    []string{createStores},
		check: func(l *lab) error {
			for i, change := range vary {
				rec := l.record()
				change(&rec)
				if err := first(wants("Create", l.store.Create(l.ctx, rec), nil), l.stored(rec)); err != nil {
					return fmt.Errorf("variant %d: %w", i, err)
				}
			}
			return nil
		},
	}
}

func payloads() []func(*sessions.Record) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	var vary []func(*sessions.Record)
	for _, p := range []codec.Payload{
		codec.Opaque("json", []byte(`"ünï 😀 \u0000 "`)),
		codec.Opaque("json", []byte(`{"long":"`+strings.Repeat("x", 100_000)+`"}`)),
		codec.Opaque("msgpack", all),
		codec.Opaque("x-storetest", all),
		codec.Opaque("x-storetest", []byte("text in a format that nobody knows")),
	} {
		vary = append(vary, func(r *sessions.Record) { r.Payload = p })
	}
	return vary
}

func times() []func(*sessions.Record) {
	second := time.Now().UTC().Truncate(time.Second)
	var vary []func(*sessions.Record)
	for _, at := range []time.Time{
		second, second.Add(time.Microsecond), second.Add(-time.Microsecond), second.Add(120 * time.Millisecond),
		second.In(time.FixedZone("", -9*3600)),
	} {
		vary = append(vary, func(r *sessions.Record) { r.Created, r.Accessed = at, at })
	}
	return vary
}
