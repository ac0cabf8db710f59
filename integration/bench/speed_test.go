package bench

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/plot"
)

var tables = flag.String("tables", "", "put the tables of this `file` into docs/speed.md, and redraw its plots")

const docs = "../../docs"

// insert replaces the sections of a page that have the titles of the given ones, in the format of
// Table. Text after a table in the page stays.
func insert(page, sections string) (string, error) {
	section := regexp.MustCompile(`(?ms)^## [^\n]*\n\n[^\n]*\n\n(?:\|[^\n]*\n)+`)
	for _, s := range section.FindAllString(sections, -1) {
		title, _, _ := strings.Cut(s, "\n")
		old := regexp.MustCompile(`(?ms)^` + regexp.QuoteMeta(title) + `\n.*?\n\n(?:\|[^\n]*\n)+`)
		if len(old.FindAllString(page, -1)) != 1 {
			return "", fmt.Errorf("docs/speed.md has no section %q with a table", title)
		}
		page = old.ReplaceAllLiteralString(page, s)
	}
	return page, nil
}

// rows returns the rows of the table under a title, without its header.
func rows(t *testing.T, page, title string) [][]string {
	t.Helper()
	_, section, found := strings.Cut(page, "\n## "+title+"\n")
	if !found {
		t.Fatalf("docs/speed.md has no section %q", title)
	}
	var all [][]string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "## ") {
			break
		}
		if strings.HasPrefix(line, "| ") {
			all = append(all, strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | "))
		}
	}
	if len(all) < 3 {
		t.Fatalf("docs/speed.md has no table under %q", title)
	}
	return all[2:]
}

// in returns a cell's duration in a unit, or its number if unit is 1.
func in(t *testing.T, unit time.Duration, cell string) float64 {
	t.Helper()
	if unit == 1 {
		v, err := strconv.ParseFloat(cell, 64)
		is.New(t).NoErr(err)
		return v
	}
	d, err := time.ParseDuration(cell)
	is.New(t).NoErr(err)
	return float64(d) / float64(unit)
}

// plots draws the plots of docs/speed.md from its tables. It returns them by file name.
func plots(t *testing.T, page string) map[string]string {
	t.Helper()
	var operations, connections, hedging []string
	ours, sdk := plot.Series{Name: "package dynamo"}, plot.Series{Name: "the SDK's bare call"}
	for _, r := range rows(t, page, "Operations") {
		if r[0] == "dynamo" {
			operations = append(operations, r[1]+", "+r[2])
			ours.Values, sdk.Values = append(ours.Values, in(t, time.Microsecond, r[3])), append(sdk.Values, in(t, time.Microsecond, r[6]))
		}
	}
	tuned, plain := plot.Series{Name: "the client of dynamo.Open"}, plot.Series{Name: "the SDK's own client"}
	for _, r := range rows(t, page, "Connections") {
		engine := "DynamoDB Local"
		if r[0] != engine {
			engine = "instant engine"
		}
		clients := " clients, "
		if r[1] == "1" {
			clients = " client, "
		}
		connections = append(connections, engine+", "+r[1]+clients+r[2])
		tuned.Values, plain.Values = append(tuned.Values, in(t, 1, r[3])), append(plain.Values, in(t, 1, r[4]))
	}
	var slowest plot.Series
	for _, r := range rows(t, page, "Hedged reads") {
		name, _, _ := strings.Cut(r[0], ":")
		hedging = append(hedging, map[string]string{"none": "no hedging", "learned": "after a learned time", "fixed": "after 10 ms"}[name])
		slowest.Values = append(slowest.Values, in(t, time.Millisecond, r[6]))
	}
	return map[string]string{
		"speed-operations.svg": plot.Bars("An operation on DynamoDB, before a network is reached", "time of one operation, microseconds (less is better)", "%.0f",
			operations, ours, sdk),
		"speed-connections.svg": plot.Bars("Loads over TLS to an engine 2 ms away", "loads a second (more is better)", "", connections, tuned, plain),
		"speed-hedging.svg": plot.Bars("The slowest load of a thousand, where one call in a hundred is held up by 200 ms", "p99.9, milliseconds (less is better)", "%.1f",
			hedging, slowest),
	}
}

// TestSpeed checks that the plots of docs/speed.md match its tables. With -tables it writes both.
func TestSpeed(t *testing.T) {
	is := is.New(t)
	file := filepath.Join(docs, "speed.md")
	page, err := os.ReadFile(file)
	is.NoErr(err)
	if *tables != "" {
		sections, err := os.ReadFile(*tables)
		is.NoErr(err)
		text, err := insert(string(page), string(sections))
		is.NoErr(err)
		is.NoErr(os.WriteFile(file, []byte(text), 0o644))
		page = []byte(text)
	}
	for name, want := range plots(t, string(page)) {
		file := filepath.Join(docs, name)
		if *tables != "" || os.Getenv("UPDATE_GOLDEN") != "" {
			is.NoErr(os.WriteFile(file, []byte(want), 0o644))
		}
		got, err := os.ReadFile(file)
		is.NoErr(err)
		if string(got) != want {
			t.Errorf("docs/%s is not what the tables of docs/speed.md say: UPDATE_GOLDEN=1 go test ./integration/bench -run TestSpeed", name)
		}
		is.True(strings.Contains(string(page), "]("+name+")")) // the page shows it
	}
}

func TestInsert(t *testing.T) {
	is := is.New(t)
	table := NewTable("Two", "New.", "a")
	table.Row("2")
	got, err := insert("# T\n\n## One\n\nOld.\n\n| a |\n| --- |\n| 1 |\n\n## Two\n\nOld.\n\n| a |\n| --- |\n| 1 |\n| 1 |\n\n![](x.svg)\n", table.String())
	is.NoErr(err)
	is.Equal(got, "# T\n\n## One\n\nOld.\n\n| a |\n| --- |\n| 1 |\n\n## Two\n\nNew.\n\n| a |\n| --- |\n| 2 |\n\n![](x.svg)\n")
	_, err = insert("# T\n", table.String())
	is.True(err != nil)
}
