package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func (c *cli) statsFlags() {
	c.set.Float64Var(&c.rate, "rate", 100, "limit on the read `units` per second")
	c.set.Float64Var(&c.price, "price", 0.125, "price in `dollars` of a million read units, for the estimate")
	c.set.IntVar(&c.workers, "workers", 4, "`number` of segments to read at the same time")
	c.set.StringVar(&c.state, "state", "", "a `file` for intermediate results, so that a stopped run can be resumed")
	c.set.BoolVar(&c.estimateOnly, "estimate", false, "only print an estimate of the cost")
}

// A group counts the sessions of one application in one format.
type group struct {
	Application string `json:"application"`
	Format      string `json:"format"`
	Alive       int64  `json:"alive"`
	Expired     int64  `json:"expired"` // expired and not swept yet
	Bytes       int64  `json:"bytes"`
}

// counts are the results for a segment or the whole table.
type counts struct {
	Items   int64            `json:"items"`
	Bytes   int64            `json:"bytes"`
	Alive   int64            `json:"alive"`
	Signed  int64            `json:"signedIn"` // alive and signed in
	Expired int64            `json:"expired"`
	Ended   int64            `json:"ended"` // markers
	Rosters int64            `json:"rosters"`
	Other   int64            `json:"other"`
	Units   float64          `json:"readUnits"`
	Groups  map[string]group `json:"groups"`
	Sizes   histogram        `json:"sizes"`
	Ages    histogram        `json:"ages"` // of the sessions alive
}

func newCounts() *counts { return &counts{Groups: map[string]group{}, Sizes: sizes(), Ages: ages()} }

// add counts an item. If application is not empty, sessions of other applications count as other
// items.
func (n *counts) add(it item, now time.Time, application string) {
	size := it.size()
	n.Items++
	n.Bytes += size
	kind := it.kind()
	if kind == kindSession && application != "" && it.text("application") != application {
		kind = kindOther
	}
	switch kind {
	case kindMarker:
		n.Ended++
		return
	case kindRoster:
		n.Rosters++
		return
	case kindOther:
		n.Other++
		return
	}
	g := group{Application: it.text("application"), Format: it.format(), Bytes: size}
	if expires, _ := it.expires(); now.Before(expires) {
		g.Alive++
		n.Alive++
		if it.text("subject") != "" {
			n.Signed++
		}
		n.Ages.add(max(0, int64(now.Sub(it.time("created"))/time.Second)))
	} else {
		g.Expired++
		n.Expired++
	}
	n.Sizes.add(size)
	n.group(g)
}

func (n *counts) group(g group) {
	key := g.Application + "\x00" + g.Format
	sum, ok := n.Groups[key]
	if !ok {
		sum = group{Application: g.Application, Format: g.Format}
	}
	sum.Alive += g.Alive
	sum.Expired += g.Expired
	sum.Bytes += g.Bytes
	n.Groups[key] = sum
}

func (n *counts) merge(other *counts) {
	n.Items += other.Items
	n.Bytes += other.Bytes
	n.Alive += other.Alive
	n.Signed += other.Signed
	n.Expired += other.Expired
	n.Ended += other.Ended
	n.Rosters += other.Rosters
	n.Other += other.Other
	n.Units += other.Units
	for _, g := range other.Groups {
		n.group(g)
	}
	n.Sizes.merge(other.Sizes)
	n.Ages.merge(other.Ages)
}

// sorted returns the groups, largest first.
func (n *counts) sorted() []group {
	return slices.SortedFunc(maps.Values(n.Groups), func(a, b group) int {
		return cmp.Or(cmp.Compare(b.Alive+b.Expired, a.Alive+a.Expired), cmp.Compare(a.Application, b.Application), cmp.Compare(a.Format, b.Format))
	})
}

// progress is the content of a state file: the segments counted so far and their results. It holds
// no keys, since some keys are IDs.
type progress struct {
	Table       string       `json:"table"`
	Created     time.Time    `json:"created"` // to notice a new table of the same name
	Application string       `json:"application"`
	Now         time.Time    `json:"now"` // the time by which sessions are judged alive or expired
	Segments    int          `json:"segments"`
	Done        map[int]bool `json:"done"`
	Counted     *counts      `json:"counted"`
}

// segmentBytes is the approximate size of a segment, and so the most work that each worker loses
// when a run is stopped.
const (
	segmentBytes = 2 << 20
	maxSegments  = 100_000
)

// An estimate is the expected cost of stats. DynamoDB updates the figures behind it about every six
// hours.
type estimate struct {
	Items   int64   `json:"items"`
	Bytes   int64   `json:"bytes"`
	Units   float64 `json:"readUnits"`
	Dollars float64 `json:"dollars"`
	Seconds float64 `json:"seconds"`
}

func (c *cli) estimate(out *dynamodb.DescribeTableOutput, segments int) estimate {
	e := estimate{Items: aws.ToInt64(out.Table.ItemCount), Bytes: aws.ToInt64(out.Table.TableSizeBytes)}
	// Half a unit for 4 KB, rounded up in each segment.
	e.Units = math.Ceil(float64(e.Bytes)/4096)/2 + float64(segments)/2
	e.Dollars = e.Units / 1e6 * c.price
	e.Seconds = e.Units / c.rate
	return e
}

func (c *cli) stats(ctx context.Context, _ []string) error {
	if err := c.checkRate(); err != nil {
		return err
	}
	if c.workers < 1 || c.workers > 100 {
		return exit(exitUsage, "-workers is %d: must be between 1 and 100", c.workers)
	}
	if !(c.price >= 0 && c.price <= math.MaxFloat64) {
		return exit(exitUsage, "-price is %v: must be at least 0", c.price)
	}
	client, err := c.client(ctx)
	if err != nil {
		return err
	}
	table, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &c.table})
	if err != nil {
		return err
	}
	p, err := c.progress(table)
	if err != nil {
		return err
	}
	e := c.estimate(table, p.Segments)
	if c.estimateOnly && c.json {
		return c.printJSON(e)
	}
	fmt.Fprintf(c.errs, "%s has about %s items, %s. Counting them takes about %s read units, $%.4f at $%g a million, and %s at %g units a second.\n",
		c.table, thousands(e.Items), bytesText(e.Bytes), thousands(int64(math.Ceil(e.Units))), e.Dollars, c.price,
		roughly(time.Duration(e.Seconds*float64(time.Second))), c.rate)
	if c.estimateOnly {
		return nil
	}
	if len(p.Done) > 0 {
		fmt.Fprintf(c.errs, "Resuming: %d of %d segments are already counted.\n", len(p.Done), p.Segments)
	}
	err = c.count(ctx, client, p, e)
	stopped := err != nil && ctx.Err() != nil
	if err != nil && !stopped {
		return err
	}
	if err := cmp.Or(c.printStats(p, stopped), c.out.err); err != nil {
		return err // and keep the state
	}
	switch {
	case stopped && c.state != "":
		return exit(exitStopped, "stopped; run the same command to resume from %s", c.state)
	case stopped:
		return exit(exitStopped, "stopped; with -state FILE a run can be resumed")
	case c.state != "":
		if err := os.Remove(c.state); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// progress returns the content of the state file, or a new progress if there is no file.
func (c *cli) progress(out *dynamodb.DescribeTableOutput) (*progress, error) {
	now, ok := awsmiddleware.GetServerTime(out.ResultMetadata)
	if !ok {
		now = time.Now()
	}
	created := aws.ToTime(out.Table.CreationDateTime).UTC()
	segments := int(min(max(aws.ToInt64(out.Table.TableSizeBytes)/segmentBytes, 16), maxSegments))
	p := &progress{Table: c.table, Application: c.application, Created: created, Now: now.UTC(), Segments: segments, Done: map[int]bool{}, Counted: newCounts()}
	if c.state == "" {
		return p, nil
	}
	text, err := os.ReadFile(c.state)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	} else if err != nil {
		return nil, err
	}
	var kept progress
	fits := json.Unmarshal(text, &kept) == nil && kept.Segments > 0 && kept.Done != nil && kept.Counted != nil && kept.Counted.Groups != nil &&
		len(kept.Counted.Sizes.Counts) == len(p.Counted.Sizes.Counts) && len(kept.Counted.Ages.Counts) == len(p.Counted.Ages.Counts)
	if !fits {
		return nil, exit(exitUsage, "-state %s: must be a file that this command wrote", c.state)
	}
	if kept.Table != c.table || !kept.Created.Equal(created) || kept.Application != c.application {
		return nil, exit(exitUsage, "-state %s: is of another table or application (%s); delete it, or name another file", c.state, kept.Table)
	}
	return &kept, nil
}

// keep writes the state file. It replaces the file atomically, so that no reader sees half of it.
func (c *cli) keep(p *progress) error {
	if c.state == "" {
		return nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(c.state), ".dynasession-")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), c.state)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// count scans the segments that p does not have yet.
func (c *cli) count(ctx context.Context, client *dynamodb.Client, p *progress, e estimate) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	bar := newBar(c.errs, p.Segments)
	var mu sync.Mutex
	underWay := map[int]*counts{}
	s := scanner{
		client: client, table: c.table, segments: p.Segments, workers: c.workers, limit: newLimiter(c.rate),
		each: func(segment int, items []item, units float64) {
			mu.Lock()
			defer mu.Unlock()
			n := underWay[segment]
			if n == nil {
				n = newCounts()
				underWay[segment] = n
			}
			n.Units += units
			for _, it := range items {
				n.add(it, p.Now, p.Application)
			}
		},
		done: func(segment int) {
			mu.Lock()
			defer mu.Unlock()
			p.Counted.merge(underWay[segment])
			delete(underWay, segment)
			p.Done[segment] = true
			bar.show(len(p.Done), p.Counted.Items)
			if err := c.keep(p); err != nil {
				cancel(err)
			}
		},
	}
	err := s.scan(ctx, maps.Clone(p.Done))
	bar.end()
	return err
}

func (c *cli) printStats(p *progress, partial bool) error {
	n := p.Counted
	if c.json {
		return c.printJSON(map[string]any{
			"table": c.table, "complete": !partial, "at": p.Now, "items": n.Items, "bytes": n.Bytes, "alive": n.Alive, "signedIn": n.Signed,
			"expired": n.Expired, "ended": n.Ended, "rosters": n.Rosters, "other": n.Other, "readUnits": n.Units, "groups": n.sorted(),
			"sizes": n.Sizes, "ages": n.Ages,
		})
	}
	if partial {
		fmt.Fprintf(c.out, "So far, %d of %d segments:\n", len(p.Done), p.Segments)
	}
	fmt.Fprintf(c.out, "%s items, %s, by %s read units\n", thousands(n.Items), bytesText(n.Bytes), thousands(int64(math.Ceil(n.Units))))
	fmt.Fprintf(c.out, "  %10s sessions alive, %s of them signed in\n", thousands(n.Alive), thousands(n.Signed))
	fmt.Fprintf(c.out, "  %10s expired and not swept yet\n", thousands(n.Expired))
	fmt.Fprintf(c.out, "  %10s markers of sessions that have ended\n", thousands(n.Ended))
	fmt.Fprintf(c.out, "  %10s lists of users' sessions\n", thousands(n.Rosters))
	fmt.Fprintf(c.out, "  %10s other items\n", thousands(n.Other))
	if len(n.Groups) > 0 {
		fmt.Fprintf(c.out, "\n  %-20s %-24s %12s %12s %12s\n", "application", "format", "alive", "expired", "mean size")
		for _, g := range n.sorted() {
			app := g.Application
			if app == "" {
				app = "-"
			}
			fmt.Fprintf(c.out, "  %-20s %-24s %12s %12s %12s\n", text(app), text(g.Format), thousands(g.Alive), thousands(g.Expired), bytesText(g.Bytes/(g.Alive+g.Expired)))
		}
		fmt.Fprintln(c.out, "\nsizes of sessions")
		n.Sizes.print(c.out, sizeLabel)
		fmt.Fprintln(c.out, "\nages of sessions alive")
		n.Ages.print(c.out, ageLabel)
	}
	return nil
}
