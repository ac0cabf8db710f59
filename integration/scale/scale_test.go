package scale_test

import (
	"os"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/scale"
)

// TestDoc compares the tables of docs/scale.md and its plot with the model. With UPDATE_GOLDEN=1 it
// writes them.
func TestDoc(t *testing.T) {
	is := is.New(t)
	const page = "../../docs/scale.md"
	doc, err := os.ReadFile(page)
	is.NoErr(err)
	m := scale.NewMonth()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		for _, table := range m.Tables() {
			head, _, _ := strings.Cut(table, "\n")
			before, rest, found := strings.Cut(string(doc), head)
			is.True(found) // the table's header
			_, after, _ := strings.Cut(rest, "\n\n")
			doc = []byte(before + table + "\n" + after)
		}
		is.NoErr(os.WriteFile(page, doc, 0o644))
	}
	for _, table := range m.Tables() {
		if !strings.Contains(string(doc), table) {
			t.Errorf("docs/scale.md should have:\n%s", table)
		}
	}
	const file = "../../docs/scale.svg"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		is.NoErr(os.WriteFile(file, []byte(m.Plot()), 0o644))
	}
	plot, err := os.ReadFile(file)
	is.NoErr(err)
	is.Equal(string(plot), m.Plot())
}

// The simulated users visit as often as the World's parameters say.
func TestWorld_UsersComeAsOftenAsTheyShould(t *testing.T) {
	is := is.New(t)
	w := scale.Ten8()
	w.Sampled = 2000
	m := scale.NewModel()
	w.Run(m)
	pages := float64(m.Pages) / float64(w.Sampled)
	is.True(pages > 0.85*w.Visits*w.Pages) // a bit less, as visits don't overlap
	is.True(pages < 1.05*w.Visits*w.Pages)
	is.True(m.Logins > m.Logouts)
	again := scale.NewModel()
	w.Run(again)
	is.Equal(again.Bill(), m.Bill()) // the same seed, the same result
}
