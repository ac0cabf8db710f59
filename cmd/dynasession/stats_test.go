package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
)

// reported is the output of stats -json.
type reported struct {
	Complete                                               bool
	Items, Alive, SignedIn, Expired, Ended, Rosters, Other int64
	Groups                                                 []group
	Sizes, Ages                                            histogram
	ReadUnits                                              float64
}

// fill stores sessions in each form, some of them signed in, ended or expired. It returns the IDs,
// none of which may be printed.
func fill(t *testing.T, table string) (ids []string) {
	t.Helper()
	is := is.New(t)
	for _, m := range managers(t, table) {
		for range 3 {
			s, err := m.CreateAndSave(t.Context(), tea)
			is.NoErr(err)
			ids = append(ids, s.ID().Secret())
		}
	}
	m, err := sessions.New(engine.Store(t, table), &sessions.Config[cart]{Application: "shop", RevocationCheck: time.Minute})
	is.NoErr(err)
	for _, subject := range []string{"ada", "bob"} {
		s, err := m.CreateAndSave(t.Context(), cart{})
		is.NoErr(err)
		is.NoErr(m.Authenticate(t.Context(), s, subject)) // the old ID ends
	}
	is.NoErr(m.RevokeBefore(t.Context(), time.Unix(0, 0)))
	return append(ids, aPythonSession(t, table)) // an expired session
}

func checkFilled(is *is.I, got reported) {
	is.Helper()
	is.Equal(got.Alive, int64(9*3+2))
	is.Equal(got.SignedIn, int64(2))
	is.Equal(got.Expired, int64(1))
	is.Equal(got.Ended, int64(2))
	is.Equal(got.Rosters, int64(2))
	is.Equal(got.Other, int64(1))
	is.Equal(got.Items, got.Alive+got.Expired+got.Ended+got.Rosters+got.Other)
	found := map[string]int64{}
	for _, g := range got.Groups {
		found[g.Application+" "+g.Format] = g.Alive
	}
	is.Equal(found, map[string]int64{
		" json": 6, " msgpack": 3, " dynamodb": 3, " zstd+json": 3, " zstd+msgpack": 3, " zstd+dynamodb": 3, " aead2+json": 3, " aead2+zstd+json": 3, "shop json": 2,
	})
	var sized, aged int64
	for _, n := range got.Sizes.Counts {
		sized += n
	}
	for _, n := range got.Ages.Counts {
		aged += n
	}
	is.Equal(sized, got.Alive+got.Expired)
	is.Equal(aged, got.Alive)
	is.True(got.ReadUnits > 0)
}

func TestStats_Counts(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	ids := fill(t, d.table)
	var got reported
	is.Equal(d.json(&got, "stats", "-rate", "1000").code, 0)
	is.True(got.Complete)
	checkFilled(is, got)

	r := d.run("stats", "-rate", "1000")
	is.Equal(r.code, 0)
	for _, says := range []string{"29 sessions alive, 2 of them signed in", "1 expired", "zstd+msgpack", "shop", "sizes of sessions", "ages of sessions alive", "█"} {
		is.True(strings.Contains(r.out, says))
	}
	is.True(strings.Contains(r.errs, "read units, $")) // the estimate is printed first
	is.True(!strings.Contains(r.errs, "\r"))           // progress bars are for terminals only

	is.Equal(d.json(&got, "stats", "-rate", "1000", "-application", "shop").code, 0)
	is.Equal(got.Alive, int64(2))
	is.Equal(got.Expired, int64(0))
	is.Equal(got.Other, int64(1+9*3+1)) // sessions of other applications

	var e estimate
	is.Equal(d.json(&e, "stats", "-estimate", "-rate", "2").code, 0)
	is.True(e.Units > 0)
	is.Equal(e.Seconds, e.Units/2)
	is.Equal(e.Dollars, e.Units*0.125/1e6)
	for _, id := range ids {
		is.True(!strings.Contains(d.printed.String(), id))
	}
}

// A run is stopped halfway and resumed: each item is counted exactly once, and the state file
// contains no ID.
func TestStats_IsStoppedAndResumed(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	ids := fill(t, d.table)
	state := filepath.Join(t.TempDir(), "state.json")

	var out, errs bytes.Buffer
	cmd := d.command("stats", "-state", state, "-rate", "2", "-workers", "1", "-json")
	cmd.Stdout, cmd.Stderr = &out, &errs
	is.NoErr(cmd.Start())
	waitFor(t, state)
	is.NoErr(cmd.Process.Signal(syscall.SIGINT))
	_ = cmd.Wait()
	is.Equal(cmd.ProcessState.ExitCode(), exitStopped)
	is.True(strings.Contains(errs.String(), "resume from "+state))
	var part reported
	is.NoErr(json.Unmarshal(out.Bytes(), &part))
	is.True(!part.Complete)

	kept, err := os.ReadFile(state)
	is.NoErr(err)
	var p progress
	is.NoErr(json.Unmarshal(kept, &p))
	is.True(len(p.Done) > 0 && len(p.Done) < p.Segments) // stopped halfway
	for _, id := range ids {
		is.True(!bytes.Contains(kept, []byte(id)))
	}
	info, err := os.Stat(state)
	is.NoErr(err)
	is.Equal(info.Mode().Perm(), os.FileMode(0o600))

	other := newDesk(t)
	is.Equal(other.run("stats", "-state", state).code, exitUsage) // another table
	shop := d.run("stats", "-state", state, "-application", "shop")
	is.Equal(shop.code, exitUsage) // another application

	var got reported
	r := d.json(&got, "stats", "-state", state, "-rate", "1000")
	is.Equal(r.code, 0)
	is.True(strings.Contains(r.errs, "Resuming"))
	is.True(got.Complete)
	checkFilled(is, got)
	_, err = os.Stat(state)
	is.True(os.IsNotExist(err)) // the file is removed at the end

	is.NoErr(os.WriteFile(state, []byte(`{"segments": 3}`), 0o600))
	is.Equal(d.run("stats", "-state", state).code, exitUsage) // not a state file
}

// waitFor waits until the file exists.
func waitFor(t *testing.T, file string) {
	t.Helper()
	tick, deadline := time.NewTicker(10*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for {
		if _, err := os.Stat(file); err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s never came", file)
		}
	}
}
