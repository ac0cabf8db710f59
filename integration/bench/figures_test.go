package bench

import (
	"strings"
	"testing"

	"github.com/matryer/is"
)

const before = `goos: linux
BenchmarkLoad/JSON 1 3 own-allocs/op 1.08 times-by-hand 1.15 times-SDK
BenchmarkLoad/JSON 1 3 own-allocs/op 1.10 times-by-hand 1.17 times-SDK
BenchmarkLoad/JSON 1 3 own-allocs/op 1.50 times-by-hand 1.60 times-SDK
BenchmarkSave/JSON 1 15 own-allocs/op 1.20 times-by-hand
`

func figures(t *testing.T, text string) Figures {
	t.Helper()
	f, err := ReadFigures(strings.NewReader(text))
	is.New(t).NoErr(err)
	return f
}

func TestFigures_ComeBack(t *testing.T) {
	is := is.New(t)
	f := figures(t, before)
	is.Equal(f["BenchmarkLoad/JSON"], map[string][]float64{
		Allocations: {3, 3, 3}, Ratio: {1.08, 1.1, 1.5}, "times-SDK": {1.15, 1.17, 1.6},
	})
	is.Equal(figures(t, f.String()), f)
}

func TestFigures_ThatAreMangled(t *testing.T) {
	is := is.New(t)
	for text, want := range map[string]string{
		"goos: linux\nBenchmarkLoad 1 1.2":      "line 2: not a benchmark's result",
		"BenchmarkLoad 1 fast times-by-hand":    "line 1",
		"BenchmarkLoad 1 1.2 times-by-hand 1.3": "line 1: not a benchmark's result",
	} {
		_, err := ReadFigures(strings.NewReader(text))
		is.True(err != nil)
		is.True(strings.Contains(err.Error(), want))
	}
}

// Worse names the benchmark and both figures.
func TestFigures_Worse(t *testing.T) {
	for name, c := range map[string]struct{ now, worse string }{
		"the same":        {before, ""},
		"within a tenth":  {strings.ReplaceAll(before, "1.10 times-by-hand", "1.20 times-by-hand"), ""},
		"better":          {strings.ReplaceAll(strings.ReplaceAll(before, "1.20 times", "1.00 times"), "3 own", "2 own"), ""},
		"a new benchmark": {before + "BenchmarkTouch/JSON 1 9 own-allocs/op 9 times-by-hand\n", ""},
		// A ratio to the SDK depends on the machine.
		"slower beside SDK":   {strings.ReplaceAll(before, "1.17 times-SDK", "1.70 times-SDK"), ""},
		"one bad round":       {strings.ReplaceAll(before, "1.50 times-by-hand", "9.00 times-by-hand"), ""},
		"more than a tenth":   {strings.ReplaceAll(before, "1.20 times-by-hand", "1.33 times-by-hand"), "BenchmarkSave/JSON: 1.330 times-by-hand, and 1.200 before: more than a tenth worse"},
		"an allocation":       {strings.ReplaceAll(before, "15 own", "16 own"), "BenchmarkSave/JSON: 16 own-allocs/op, and 15 before"},
		"not there":           {strings.ReplaceAll(before, "BenchmarkSave", "BenchmarkKeep"), "BenchmarkSave/JSON: "},
		"a figure is missing": {strings.ReplaceAll(before, "1.20 times-by-hand", ""), "BenchmarkSave/JSON: times-by-hand: not measured any more"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			worse := figures(t, c.now).Worse(figures(t, before))
			if c.worse == "" {
				is.Equal(worse, map[string]string{})
				return
			}
			is.Equal(len(worse), 1)
			for benchmark, how := range worse {
				is.True(strings.HasPrefix(benchmark+": "+how, c.worse))
			}
		})
	}
}

func TestFigures_BetterTakesTheBestOfEach(t *testing.T) {
	is := is.New(t)
	f := figures(t, before)
	f.Better(figures(t, "BenchmarkLoad/JSON 1 4 own-allocs/op 1.05 times-by-hand\nBenchmarkSave/JSON 1 4 own-allocs/op 1.25 times-by-hand"))
	is.Equal(f["BenchmarkLoad/JSON"][Ratio], []float64{1.05})
	is.Equal(f["BenchmarkLoad/JSON"][Allocations], []float64{4})
	is.Equal(f["BenchmarkSave/JSON"][Ratio], []float64{1.20})
}
