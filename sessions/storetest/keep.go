package storetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
)

func keepRules() []rule {
	return []rule{
		keeps("payload", payloads()...),
		keeps("rev",
			func(r *driver.Record) { r.Rev = "" },
			func(r *driver.Record) { r.Rev = strings.Repeat("r", 100) }),
		keeps("subject",
			func(r *driver.Record) { r.Subject = "" },
			func(r *driver.Record) { r.Subject = "Ünïcode 😀 / sub|ject\n" },
			func(r *driver.Record) { r.Subject = strings.Repeat("s", 1024) }),
		keeps("application",
			func(r *driver.Record) { r.Application = "shop" },
			func(r *driver.Record) { r.Application = "Ünïcode 😀 / shop|admin" }),
		keeps("federated",
			func(r *driver.Record) { r.Federated = "https://idp.example 08a5019c-17e1-4977-8f42-65a12843ea02" },
			func(r *driver.Record) { r.Federated = strings.Repeat("f", 1024) }),
		keeps("device",
			func(r *driver.Record) { r.Device = driver.Device{Name: "Ünïcode 😀", IP: "2001:db8::1"} },
			func(r *driver.Record) { r.Device = driver.Device{Name: strings.Repeat("n", 256)} },
			func(r *driver.Record) { r.Device = driver.Device{IP: "192.0.2.1"} }),
		keeps("persist", func(r *driver.Record) { r.Persist = true }),
		keeps("pages",
			func(r *driver.Record) { r.Page = 1 },
			func(r *driver.Record) { r.FederatedPage = 2 },
			func(r *driver.Record) { r.Page, r.FederatedPage = 1<<40, 3 }),
		keeps("times", times()...),
		keeps("timeouts",
			func(r *driver.Record) { r.IdleTimeout = 61 * time.Minute },
			func(r *driver.Record) { r.AbsoluteTimeout = 10 * 365 * 24 * time.Hour },
			func(r *driver.Record) { r.IdleTimeout, r.AbsoluteTimeout = 7201*time.Second, 7202*time.Second }),
		{
			name: "keep: key", sentence: returnsGiven,
			check: func(l *lab) error {
				for _, key := range []string{"storetest:" + token(64), "Ünïcode 😀 / |#" + token(8), token(4), token(100)} {
					l.keys = append(l.keys, key)
					rec := l.record()
					rec.Key = key
					if err := first(l.create(rec), l.stored(rec)); err != nil {
						return err
					}
				}
				return nil
			},
		},
		{
			name: "keep: binding", sentence: returnsGiven,
			check: func(l *lab) error {
				for _, binding := range [][]byte{allBytes(), []byte("{}"), make([]byte, 4096)} {
					rec := l.record()
					rec.Binding = binding
					if err := first(l.create(rec), l.stored(rec)); err != nil {
						return err
					}
				}
				return nil
			},
		},
	}
}

// keepAll returns the names of the rules that a store keeps every field.
func keepAll() []string {
	var names []string
	for _, r := range keepRules() {
		names = append(names, r.name)
	}
	return names
}

// keeps returns the rule that a store returns records unchanged. It checks a record for each
// function of vary, which changes it, both created and replacing another.
func keeps(what string, vary ...func(*driver.Record)) rule {
	return rule{
		name: "keep: " + what, sentence: returnsGiven,
		needs: []string{replaceStores},
		check: func(l *lab) error {
			for i, change := range vary {
				rec := l.record()
				change(&rec)
				plain := l.successor(rec)
				again := l.successor(plain)
				change(&again)
				err := first(l.create(rec), l.stored(rec),
					wants("Replace", l.store.Replace(l.ctx, plain, rec.Rev), nil), l.stored(plain),
					wants("Replace", l.store.Replace(l.ctx, again, plain.Rev), nil), l.stored(again))
				if err != nil {
					return fmt.Errorf("variant %d: %w", i, err)
				}
			}
			return nil
		},
	}
}

func allBytes() []byte {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return all
}

func payloads() []func(*driver.Record) {
	var vary []func(*driver.Record)
	for _, p := range []codec.Payload{
		codec.Opaque("json", []byte(`"ünï 😀 \u0000 "`)),
		codec.Opaque("json", []byte(`{"long":"`+strings.Repeat("x", 100_000)+`"}`)),
		codec.Opaque("msgpack", allBytes()),
		codec.Opaque("x-storetest", allBytes()),
		codec.Opaque("x-storetest", []byte{}),
		codec.Opaque("x-storetest", []byte("text in a format that nobody knows")),
	} {
		vary = append(vary, func(r *driver.Record) { r.Payload = p })
	}
	return vary
}

func times() []func(*driver.Record) {
	second := time.Now().UTC().Truncate(time.Second)
	var vary []func(*driver.Record)
	for _, at := range []time.Time{
		second, second.Add(time.Microsecond), second.Add(-time.Microsecond), second.Add(120 * time.Millisecond),
		second.In(time.FixedZone("", -9*3600)),
	} {
		vary = append(vary, func(r *driver.Record) { r.Created, r.Accessed = at, at })
	}
	return vary
}
