// Package bench is shared by the speed measurements, each of which is a package below it: it
// formats and writes their tables. As a test, a measurement runs at a small size and checks only
// what does not depend on time. `just bench` runs it at full size and prints its tables.
package bench

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	out  = flag.String("out", "", "append the tables to this `file`")
	full = flag.Bool("full", false, "measure at full size, as just bench does")
)

// Full reports whether to measure at full size. At the small size the figures mean nothing.
func Full() bool { return *full }

// Table is a Markdown table.
type Table struct {
	title, text string
	columns     []string
	rows        [][]string
}

// NewTable returns a table with a title, an introduction and columns.
func NewTable(title, text string, columns ...string) *Table {
	return &Table{title: title, text: text, columns: columns}
}

// Row adds a row. It formats cells like [fmt.Sprint], but durations with three digits and
// floating-point numbers without a fraction.
func (t *Table) Row(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		switch c := c.(type) {
		case time.Duration:
			row[i] = Rounded(c)
		case float64:
			row[i] = strconv.FormatFloat(c, 'f', 0, 64)
		default:
			row[i] = fmt.Sprint(c)
		}
	}
	t.rows = append(t.rows, row)
}

// String returns the table as a section of a page.
func (t *Table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s\n\n", t.title, t.text)
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.columns)
	line(slices.Repeat([]string{"---"}, len(t.columns)))
	for _, r := range t.rows {
		line(r)
	}
	return b.String()
}

// Report writes the table to the file of the -out flag, or to the test's log.
func (t *Table) Report(tb testing.TB) {
	tb.Helper()
	if *out == "" {
		tb.Log("\n" + t.String())
		return
	}
	f, err := os.OpenFile(*out, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := fmt.Fprintln(f, t.String()); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
}

// Rounded returns a duration rounded to three digits.
func Rounded(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

// Percentile returns a percentile of durations: p is 50 for the median. It sorts its argument.
func Percentile(of []time.Duration, p float64) time.Duration {
	if len(of) == 0 {
		return 0
	}
	slices.Sort(of)
	return of[min(int(p/100*float64(len(of))), len(of)-1)]
}
