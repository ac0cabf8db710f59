package bench

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Figures are the results of benchmarks, by benchmark and unit: several results each, or one if it
// is exact. Lower is better.
type Figures map[string]map[string][]float64

// The units that Worse compares; it ignores all others.
const (
	// Ratio is the time of a call divided by that of another call, measured in alternation with
	// it.
	Ratio = "times-by-hand"

	// Allocations is the number of allocations of a call, without those of what it calls. It is
	// exact.
	Allocations = "own-allocs/op"
)

// tolerance is the factor by which a ratio may grow.
const tolerance = 1.1

// Add adds a result.
func (f Figures) Add(benchmark, unit string, value float64) {
	if f[benchmark] == nil {
		f[benchmark] = map[string][]float64{}
	}
	f[benchmark][unit] = append(f[benchmark][unit], value)
}

// ReadFigures reads figures in the text format of Go's benchmarks, which benchstat reads, too.
func ReadFigures(r io.Reader) (Figures, error) {
	f, lines := Figures{}, bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue // a comment, or a key such as goos
		}
		if len(fields) < 4 || len(fields)%2 != 0 {
			return nil, fmt.Errorf("line %d: not a benchmark's result", n)
		}
		for i := 2; i < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			f.Add(fields[0], fields[i+1], value)
		}
	}
	return f, lines.Err()
}

// String returns f in the text format of Go's benchmarks.
func (f Figures) String() string {
	var b strings.Builder
	for _, benchmark := range slices.Sorted(maps.Keys(f)) {
		units := f[benchmark]
		rounds := 0
		for _, values := range units {
			rounds = max(rounds, len(values))
		}
		for i := range rounds {
			fmt.Fprintf(&b, "%s 1", benchmark)
			for _, unit := range slices.Sorted(maps.Keys(units)) {
				if values := units[unit]; i < len(values) {
					fmt.Fprintf(&b, " %s %s", strconv.FormatFloat(values[i], 'f', -1, 64), unit)
				}
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Worse returns the benchmarks of base whose figures are worse in f, and what is worse about them:
// the median of the ratios has grown by more than a tenth, the call makes more allocations, or the
// benchmark is missing. Benchmarks that only f has are ignored.
func (f Figures) Worse(base Figures) map[string]string {
	worse := map[string]string{}
	for benchmark, units := range base {
		for unit, before := range units {
			now := f[benchmark][unit]
			switch was, is := median(before), median(now); {
			case unit != Ratio && unit != Allocations:
			case len(now) == 0:
				worse[benchmark] = fmt.Sprintf("%s: not measured any more", unit)
			case unit == Ratio && is > tolerance*was:
				worse[benchmark] = fmt.Sprintf("%.3f %s, and %.3f before: more than a tenth worse", is, unit, was)
			case unit == Allocations && is > was:
				worse[benchmark] = fmt.Sprintf("%v %s, and %v before", is, unit, was)
			}
		}
	}
	return worse
}

// Better replaces each result of f by that of again if its ratio is lower. On a machine that others
// use, too, the best of several measurements counts.
func (f Figures) Better(again Figures) {
	for benchmark, units := range again {
		if median(units[Ratio]) < median(f[benchmark][Ratio]) {
			f[benchmark] = units
		}
	}
}

func median(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}
