package dynamo

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions/driver"
)

// host is a host with a wrong clock, and a service with a right one.
type host struct {
	*serviceClock
	wrong   time.Duration // the host's clock less the true time
	elapsed time.Duration // since the beginning
}

var beginning = time.Date(2026, 3, 1, 9, 0, 0, 400_000_000, time.UTC)

func newHost(wrong time.Duration) *host {
	h := &host{wrong: wrong}
	h.serviceClock = &serviceClock{read: func() reading { return reading{h.true().Add(h.wrong), h.elapsed} }}
	return h
}

func (h *host) true() time.Time { return beginning.Add(h.elapsed) }

// answer is a response that comes after d, half of which the request takes.
func (h *host) answer(d time.Duration, change ...func(*http.Response)) {
	begun := h.read()
	h.elapsed += d / 2
	r := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {h.true().UTC().Format(http.TimeFormat)}}}
	h.elapsed += d - d/2
	for _, f := range change {
		f(r)
	}
	h.observe(r, begun)
}

// off returns by how much the clock's time is wrong.
func (h *host) off() time.Duration { return h.Now().Sub(h.true()) }

func date(value string) func(*http.Response) {
	return func(r *http.Response) { r.Header["Date"] = []string{value} }
}

func TestServiceClock_IsRightFromTheFirstAnswerOn(t *testing.T) {
	for _, wrong := range []time.Duration{
		0, time.Second, -time.Second, 6 * time.Second, -6 * time.Second, 10 * time.Minute, -10 * time.Minute, 5 * 24 * time.Hour, -5 * 24 * time.Hour,
	} {
		for _, took := range []time.Duration{0, 5 * time.Millisecond, time.Second, 3 * time.Second} {
			is := is.New(t)
			h := newHost(wrong)
			is.Equal(h.off(), wrong) // no response has come
			h.answer(took)
			is.True(h.off().Abs() <= max(negligible, time.Second+took/2))
			if wrong.Abs() <= time.Second {
				is.Equal(h.off(), wrong) // a right clock is not corrected
			}
		}
	}
}

// A right clock is never corrected, at whatever fraction of a second a response comes, and however
// long it takes.
func TestServiceClock_OfARightHostIsTheHosts(t *testing.T) {
	is := is.New(t)
	h := newHost(300 * time.Millisecond)
	for n := range 1000 {
		h.elapsed += time.Duration(n*7919%3000) * time.Millisecond
		h.answer(time.Duration(n*104729%2500) * time.Millisecond)
		is.Equal(h.off(), 300*time.Millisecond)
	}
}

// Nor does the corrected time of a wrong host jump about.
func TestServiceClock_OfAWrongHostIsSteady(t *testing.T) {
	is := is.New(t)
	h := newHost(-10 * time.Minute)
	h.answer(0)
	off := h.off()
	for n := range 1000 {
		h.elapsed += time.Duration(n*7919%3000) * time.Millisecond
		h.answer(time.Duration(n*104729%2500) * time.Millisecond)
		is.Equal(h.off(), off)
	}
}

func TestServiceClock_WhatTellsNothing(t *testing.T) {
	for name, change := range map[string]func(*http.Response){
		"no Date":           func(r *http.Response) { delete(r.Header, "Date") },
		"an empty Date":     date(""),
		"a mangled Date":    date("yesterday"),
		"a Date of 1970":    date("Thu, 01 Jan 1970 00:00:00 GMT"),
		"from a cache":      func(r *http.Response) { r.Header["Age"] = []string{"0"} },
		"a proxy's failure": func(r *http.Response) { r.StatusCode = http.StatusBadGateway },
		"a proxy's refusal": func(r *http.Response) { r.StatusCode = http.StatusProxyAuthRequired },
		"a redirect":        func(r *http.Response) { r.StatusCode = http.StatusFound },
		"a proxy's page":    func(r *http.Response) { r.Header["Content-Type"] = []string{"text/html; charset=utf-8"} },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			h := newHost(time.Hour)
			for range 10 {
				h.elapsed += 2 * time.Second
				h.answer(0, change)
				is.Equal(h.off(), time.Hour)
			}
		})
	}
}

// An error response shows the time too.
func TestServiceClock_ARefusalTellsTheTime(t *testing.T) {
	is := is.New(t)
	h := newHost(time.Hour)
	h.answer(0, func(r *http.Response) { r.StatusCode = http.StatusBadRequest })
	is.True(h.off().Abs() < time.Second)
}

// One or two responses that contradict the known difference, as from a cache, change nothing; three
// in a row do.
func TestServiceClock_NeedsToBeToldMoreThanOnce(t *testing.T) {
	is := is.New(t)
	h := newHost(0)
	h.answer(0)
	wrong := func() { h.answer(0, date(h.true().Add(-time.Hour).UTC().Format(http.TimeFormat))) }
	for range 10 {
		for range enough - 1 {
			h.elapsed += time.Second
			wrong()
			is.Equal(h.off(), time.Duration(0))
		}
		h.elapsed += time.Second
		h.answer(0)
	}
	for n := range 5 { // each contradicts the others too
		h.elapsed += time.Second
		h.answer(0, date(h.true().Add(time.Duration(n+1)*time.Hour).UTC().Format(http.TimeFormat)))
		is.Equal(h.off(), time.Duration(0))
	}
	for range enough {
		is.Equal(h.off(), time.Duration(0))
		h.elapsed += time.Second
		wrong()
	}
	is.True((h.off() + time.Hour).Abs() < time.Second)
}

// A response that a cache repeats counts once.
func TestServiceClock_ACachedAnswerCountsOnce(t *testing.T) {
	is := is.New(t)
	h := newHost(0)
	h.answer(0)
	for range 100 {
		h.elapsed += time.Minute
		h.answer(0, date("Sun, 01 Mar 2026 08:00:00 GMT"))
		is.Equal(h.off(), time.Duration(0))
	}
}

// After the host's clock was set, or the host was asleep, the next response counts at once.
func TestServiceClock_TheHostsClockIsSet(t *testing.T) {
	for _, c := range []struct{ before, after time.Duration }{
		{-10 * time.Minute, 0}, {0, 10 * time.Minute}, {5 * 24 * time.Hour, -5 * 24 * time.Hour}, {time.Hour, 0},
	} {
		is := is.New(t)
		h := newHost(c.before)
		h.answer(0)
		h.elapsed += time.Hour
		h.wrong = c.after
		h.answer(0)
		is.True(h.off().Abs() <= negligible)
	}
}

func TestServiceClock_IsSetUnderWay(t *testing.T) {
	is := is.New(t)
	h := newHost(time.Hour)
	begun := h.read()
	h.wrong = 0
	h.observe(&http.Response{StatusCode: 200, Header: http.Header{"Date": {h.true().UTC().Format(http.TimeFormat)}}}, begun)
	is.Equal(h.off(), time.Duration(0)) // a response across the jump is ignored
	h.elapsed += time.Second
	h.answer(0)
	is.Equal(h.off(), time.Duration(0))
}

// The correction follows a clock that drifts.
func TestServiceClock_Drifts(t *testing.T) {
	is := is.New(t)
	h := newHost(0)
	for range 10000 {
		h.elapsed += 10 * time.Second
		h.wrong += 5 * time.Millisecond // 500 ppm
		h.answer(0)
		is.True(h.off().Abs() <= negligible+tolerance+time.Second)
	}
	is.True(h.wrong > 40*time.Second)
}

func TestServiceClock_ReportsOnceInTenMinutes(t *testing.T) {
	is := is.New(t)
	h := newHost(-time.Hour)
	report := func() time.Duration {
		var trace driver.Trace
		h.report(&trace)
		return trace.ClockSkew
	}
	is.Equal(report(), time.Duration(0)) // no response has come
	h.answer(0)
	h.report(nil) // without a Trace it doesn't count as reported
	is.True((report() + time.Hour).Abs() < time.Second)
	is.Equal(report(), time.Duration(0))
	h.elapsed += reportEvery - time.Second
	is.Equal(report(), time.Duration(0))
	h.elapsed += time.Second
	is.True(report() != 0)

	h = newHost(4 * time.Second)
	h.answer(0)
	is.Equal(report(), time.Duration(0)) // not above remarkable
}

func TestServiceClock_AnswersAtTheSameTime(t *testing.T) {
	is := is.New(t)
	c := newServiceClock()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				c.observe(&http.Response{StatusCode: 200, Header: http.Header{"Date": {time.Now().UTC().Add(time.Hour).Format(http.TimeFormat)}}}, c.read())
				c.report(&driver.Trace{})
				c.Now()
			}
		})
	}
	wg.Wait()
	is.True((time.Until(c.Now()) - time.Hour).Abs() < 2*time.Second)
}
