// Package plot draws the SVG plots of docs: bars, columns and lines, with axes that name their
// units. A plot depends only on its figures, so that a test can compare it. It has its own
// background and follows the reader's light or dark mode. Its colours, Okabe and Ito's, can be told
// apart by colour-blind readers, and where series touch, they differ in more than colour.
package plot

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

const (
	width  = 760
	right  = 24 // margin
	size   = 13 // of text, in pixels
	letter = 7  // width of a letter, approximately
)

const style = `<style>
text { font: 13px system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.ground { fill: #ffffff }
.grid { stroke: #d1d9e0 }
.axis { stroke: #59636e }
.fill0 { fill: #0072b2 } .fill1 { fill: #e69f00 }
.line0, .line1 { stroke-width: 2.5 }
.line0 { stroke: #0072b2 } .line1 { stroke: #d55e00; stroke-dasharray: 7 4 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.ground { fill: #0d1117 }
.grid { stroke: #3d444d }
.axis { stroke: #9198a1 }
.fill0 { fill: #56b4e9 } .fill1 { fill: #e69f00 }
.line0 { stroke: #56b4e9 } .line1 { stroke: #e69f00 }
}
</style>
`

// canvas is an SVG in progress.
type canvas struct {
	strings.Builder
	height int
}

func newCanvas(height int, title string) *canvas {
	c := &canvas{height: height}
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(c, "<title>%s</title>\n", html.EscapeString(title))
	c.WriteString(style)
	fmt.Fprintf(c, `<rect class="ground" width="%d" height="%d" rx="6"/>`+"\n", width, height)
	fmt.Fprintf(c, `<text class="title" x="16" y="26">%s</text>`+"\n", html.EscapeString(title))
	return c
}

func (c *canvas) text(x, y float64, anchor, text string) {
	fmt.Fprintf(c, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, html.EscapeString(text))
}

func (c *canvas) rect(series int, x, y, w, h float64) {
	fmt.Fprintf(c, `<rect class="fill%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`+"\n", series, x, y, w, h)
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(c, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", class, x1, y1, x2, y2)
}

// legend draws the names of the series below the title.
func (c *canvas) legend(lines bool, series ...Series) {
	x := 16.0
	for i, s := range series {
		if lines {
			c.line(fmt.Sprintf("line%d", i), x, 45, x+26, 45)
		} else {
			c.rect(i, x, 39, 26, 12)
		}
		c.text(x+32, 50, "start", s.Name)
		x += 48 + float64(len(s.Name)*(letter+1))
	}
}

func (c *canvas) done() string {
	c.WriteString("</svg>\n")
	return c.String()
}

// Series is a name and its figures. A plot has at most two.
type Series struct {
	Name   string
	Values []float64
}

// ticks returns about four to six round numbers from 0 to at least most.
func ticks(most float64) []float64 {
	if most <= 0 {
		return []float64{0, 1}
	}
	step := math.Pow(10, math.Floor(math.Log10(most)))
	for _, finer := range []float64{1, 0.5, 0.2, 0.1} {
		if most/(step*finer) >= 3.5 {
			step *= finer
			break
		}
	}
	var all []float64
	for i := 0; ; i++ {
		v := float64(i) * step
		all = append(all, v)
		if v >= most-1e-9 {
			return all
		}
	}
}

// number formats v with thousands separators and the fewest decimals that it needs, at most two.
func number(v float64) string {
	s := strconv.FormatFloat(v, 'f', 2, 64)
	s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	whole, decimals, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if decimals != "" {
		whole += "." + decimals
	}
	return whole
}

func most(series []Series) float64 {
	m := 0.0
	for _, s := range series {
		for _, v := range s.Values {
			m = max(m, v)
		}
	}
	return m
}

// Bars draws a group of horizontal bars for each label: one bar per series, with its figure at the
// end. Axis names the quantity and its unit. Format is the format of the figures, such as "$%.2f";
// "" prints plain numbers.
func Bars(title, axis, format string, labels []string, series ...Series) string {
	const bottom, thick, gap = 52.0, 15.0, 10.0
	top := 64.0
	if len(series) == 1 {
		top = 44 // no legend
	}
	longest := 0
	for _, l := range labels {
		longest = max(longest, len(l))
	}
	left := 28 + float64(longest*letter)
	group := thick*float64(len(series)) + gap
	c := newCanvas(int(top+bottom+group*float64(len(labels))), title)
	if len(series) > 1 {
		c.legend(false, series...)
	}
	scale := ticks(most(series))
	x := func(v float64) float64 { return left + v/scale[len(scale)-1]*(width-right-56-left) }
	end := top + group*float64(len(labels))
	for _, v := range scale {
		c.line("grid", x(v), top-4, x(v), end)
		c.text(x(v), end+18, "middle", number(v))
	}
	c.text(left+(width-right-56-left)/2, end+40, "middle", axis)
	for i, label := range labels {
		y := top + group*float64(i) + gap/2
		c.text(left-10, y+thick*float64(len(series))/2+size/2-2, "end", label)
		for j, s := range series {
			v := s.Values[i]
			c.rect(j, x(0), y+thick*float64(j)+1, x(v)-x(0), thick-2)
			figure := number(v)
			if format != "" {
				figure = fmt.Sprintf(format, v)
			}
			c.text(x(v)+6, y+thick*float64(j)+thick/2+size/2-2, "start", figure)
		}
	}
	c.line("axis", left, top-4, left, end)
	return c.done()
}

// A Mark is a narrow column in the second colour within another column.
type Mark struct {
	At    int // the column's index
	Value float64
}

// Columns draws a column for each value of the first series, and a mark for each of the second,
// whose Values it ignores. It labels every third column.
func Columns(title, xAxis, yAxis string, labels []string, columns, marked Series, marks ...Mark) string {
	const top, height, left = 86.0, 340, 76.0
	c := newCanvas(height, title)
	c.legend(false, columns, marked)
	highest := most([]Series{columns})
	for _, m := range marks {
		highest = max(highest, m.Value)
	}
	scale, end := ticks(highest), float64(height-58)
	y := func(v float64) float64 { return end - v/scale[len(scale)-1]*(end-top) }
	c.text(16, top-16, "start", yAxis)
	for _, v := range scale {
		c.line("grid", left, y(v), width-right, y(v))
		c.text(left-8, y(v)+4, "end", number(v))
	}
	step := (width - right - left) / float64(len(columns.Values))
	for i, v := range columns.Values {
		c.rect(0, left+float64(i)*step+1.5, y(v), step-3, end-y(v))
		if i%3 == 0 {
			c.text(left+(float64(i)+0.5)*step, end+18, "middle", labels[i])
		}
	}
	for _, m := range marks {
		c.rect(1, left+(float64(m.At)+0.5)*step-3, y(m.Value), 6, end-y(m.Value))
	}
	c.text(left+(width-right-left)/2, end+40, "middle", xAxis)
	c.line("axis", left, end, width-right, end)
	return c.done()
}

// Steps draws each series over x as a line that keeps each value until the next x.
func Steps(title, xAxis, yAxis string, x []float64, series ...Series) string {
	const top, height, left = 86.0, 360, 64.0
	c := newCanvas(height, title)
	c.legend(true, series...)
	across, up, end := ticks(x[len(x)-1]), ticks(most(series)), float64(height-58)
	px := func(v float64) float64 { return left + v/across[len(across)-1]*(width-right-left) }
	py := func(v float64) float64 { return end - v/up[len(up)-1]*(end-top) }
	c.text(16, top-16, "start", yAxis)
	for _, v := range up {
		c.line("grid", left, py(v), width-right, py(v))
		c.text(left-8, py(v)+4, "end", number(v))
	}
	for _, v := range across {
		c.line("grid", px(v), top, px(v), end)
		c.text(px(v), end+18, "middle", number(v))
	}
	c.text(left+(width-right-left)/2, end+40, "middle", xAxis)
	for i, s := range series {
		fmt.Fprintf(c, `<path class="line%d" fill="none" d="M%.1f %.1f`, i, px(x[0]), py(s.Values[0]))
		for j := 1; j < len(x); j++ {
			fmt.Fprintf(c, "H%.1fV%.1f", px(x[j]), py(s.Values[j]))
		}
		c.WriteString(`"/>` + "\n")
	}
	c.line("axis", left, end, width-right, end)
	return c.done()
}
