package plot_test

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/plot"
)

// texts returns the texts of an SVG, which must be well-formed XML.
func texts(t *testing.T, svg string) []string {
	t.Helper()
	is := is.New(t)
	var all []string
	inText := false
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return all
		}
		is.NoErr(err)
		switch token := token.(type) {
		case xml.StartElement:
			inText = token.Name.Local == "text"
		case xml.CharData:
			if inText {
				all = append(all, string(token))
			}
		case xml.EndElement:
			inText = false
		}
	}
}

func TestPlots_NameAxesSeriesAndFigures(t *testing.T) {
	is := is.New(t)
	ours, theirs := plot.Series{Name: "ours <&>", Values: []float64{1.5, 1200}}, plot.Series{Name: "theirs", Values: []float64{3, 2400}}
	bars := texts(t, plot.Bars("title", "calls a second", "", []string{"a", "b"}, ours, theirs))
	is.Equal(bars, []string{"title", "ours <&>", "theirs", "0", "500", "1,000", "1,500", "2,000", "2,500", "calls a second", "a", "1.5", "3", "b", "1,200", "2,400"})
	one := texts(t, plot.Bars("title", "$", "$%.2f", []string{"a"}, plot.Series{Values: []float64{4}}))
	is.Equal(one, []string{"title", "0", "1", "2", "3", "4", "$", "a", "$4.00"}) // no legend

	columns := texts(t, plot.Columns("title", "hour", "writes", []string{"0", "1", "2", "3"}, plot.Series{Name: "day", Values: []float64{1, 2, 3, 4}},
		plot.Series{Name: "storm"}, plot.Mark{At: 3, Value: 40}))
	is.Equal(columns, []string{"title", "day", "storm", "writes", "0", "10", "20", "30", "40", "0", "3", "hour"})

	steps := texts(t, plot.Steps("title", "lines", "dollars", []float64{0, 1, 4}, plot.Series{Name: "plain", Values: []float64{1, 2, 3}},
		plot.Series{Name: "small", Values: []float64{1, 1, 2}}))
	is.Equal(steps, []string{"title", "plain", "small", "dollars", "0", "0.5", "1", "1.5", "2", "2.5", "3", "0", "1", "2", "3", "4", "lines"})
}
