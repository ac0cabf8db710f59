package cost_test

import (
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/plot"
)

// saving is the weight of a cart without and with compression.
type saving struct{ plain, small weight }

// savings returns the weights of carts with 0, 1, 2 and more lines.
func savings(t *testing.T, f form[basket]) []saving {
	t.Helper()
	var all []saving
	for n := range len(goods) + 1 {
		all = append(all, saving{weigh(t, f.plain, newBasket(n)), weigh(t, f.compressed, newBasket(n))})
	}
	return all
}

// first returns the smallest cart for which saves is true.
func first(all []saving, saves func(saving) bool) saving { return all[slices.IndexFunc(all, saves)] }

// from returns the smallest cart such that saves is true for it and for every larger one.
func from(all []saving, saves func(saving) bool) saving {
	i := len(all) - 1
	for i > 0 && saves(all[i-1]) {
		i--
	}
	return all[i]
}

func savesWrites(s saving) bool { return s.small.writes < s.plain.writes }
func savesReads(s saving) bool  { return s.small.reads < s.plain.reads }

// cartsPlot plots the cost of a load and a save of each cart with and without compression, as JSON.
func cartsPlot(t *testing.T) string {
	t.Helper()
	var lines []float64
	plain, small := plot.Series{Name: "JSON"}, plot.Series{Name: "JSON, compressed"}
	for i, s := range savings(t, forms[basket]()[0]) {
		lines = append(lines, float64(i))
		plain.Values, small.Values = append(plain.Values, s.plain.dollars()), append(small.Values, s.small.dollars())
	}
	return plot.Steps("A cart that grows", "lines of the cart", "dollars for a million loads and saves", lines, plain, small)
}

// pays writes a table of the smallest sizes at which compression pays.
func pays(t *testing.T, out io.Writer, table string) {
	t.Helper()
	fmt.Fprint(out, `
## When compression pays

A write is charged by whole kilobytes, a read by four. So compression saves nothing while an item is below 1 KB, as most are: leave it
off then. It saves no read below 4 KB. Above these it pays with each whole kilobyte, or four, that it takes away. A cart that grows, with
JSON, by its lines:

| lines | data | bytes | units | $ | bytes compressed | units | $ | saved |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
`)
	json := forms[basket]()[0]
	for _, n := range []int{0, 1, 2, 3, 4, 6, 8, 10, 13, 16, 17, 20, 25, 30, 35, 40} {
		plain, small := charged(t, table, json.plain, newBasket(n)), charged(t, table, json.compressed, newBasket(n))
		fmt.Fprintf(out, "| %d | %d | %d | %d, %d | %.3f | %d | %d, %d | %.3f | %.0f%% |\n", n, plain.payload,
			plain.item, plain.reads, plain.writes, plain.dollars(), small.item, small.reads, small.writes, small.dollars(),
			100*(1-small.dollars()/plain.dollars()))
	}
	fmt.Fprint(out, `
![Steps: the dollars of a load and a save grow with the lines of a cart; compressed they cost at most $2](cost-compress.svg)

The break-even with each codec, by the size of the item that is stored without compression: of the smallest of these carts that saves a unit,
and of the smallest from which on all do. Between them both forms may take the same number of whole units.

| codec | a write unit, first | always | a read unit, first | always |
| --- | --- | --- | --- | --- |
`)
	for _, f := range forms[basket]() {
		all := savings(t, f)
		fmt.Fprintf(out, "| %s | %d | %d | %d | %d |\n", f.name,
			first(all, savesWrites).plain.item, from(all, savesWrites).plain.item, first(all, savesReads).plain.item, from(all, savesReads).plain.item)
	}
	plain, small := weigh(t, json.plain, newBasket(25)), weigh(t, json.compressed, newBasket(25))
	fmt.Fprintf(out, `
A visit as the one above, 40 loads and 6 writes, with a cart of 25 lines in it: $%.2f a million, compressed $%.2f. Native attributes that are
compressed are no longer native; leave compression off where you need them. The time it takes depends on the machine, and is printed by
`+"`go test ./integration/cost -run '^$' -bench Compress`"+`: tens of microseconds, where a call to DynamoDB takes milliseconds.
`, plain.price(40, 6), small.price(40, 6))
}

func TestCompression_SavesNothingBelowAKilobyte(t *testing.T) {
	is := is.New(t)
	for _, f := range forms[basket]() {
		all := savings(t, f)
		is.True(first(all, savesWrites).plain.item > 1024)
		is.True(first(all, savesWrites).plain.item < 1024+250) // 1 KB and at most one line more
		is.True(from(all, savesReads).plain.item > 4096)
		is.True(from(all, savesReads).plain.item < 4096+250)
		for _, s := range all {
			is.True(s.small.writes <= s.plain.writes) // compression never costs more
			is.True(s.small.reads <= s.plain.reads)
		}
	}
}
