package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A histogram counts values by upper bound. The last count is of the values above every bound.
type histogram struct {
	Below  []int64 `json:"below"`
	Counts []int64 `json:"counts"`
}

func newHistogram(bounds ...int64) histogram {
	return histogram{bounds, make([]int64, len(bounds)+1)}
}

func (h *histogram) add(v int64) {
	i, _ := slices.BinarySearch(h.Below, v+1)
	h.Counts[i]++
}

func (h *histogram) merge(other histogram) {
	for i, n := range other.Counts {
		h.Counts[i] += n
	}
}

// sizes returns a histogram of sizes in bytes. Its bounds include the sizes from which DynamoDB
// charges more: 1 KB for a write, 4 KB for a read.
func sizes() histogram {
	return newHistogram(256, 512, 1<<10, 2<<10, 4<<10, 8<<10, 16<<10, 32<<10, 64<<10, 128<<10, 256<<10)
}

// ages returns a histogram of ages in seconds.
func ages() histogram {
	const minute, hour, day = 60, 3600, 86400
	return newHistogram(minute, 5*minute, 15*minute, hour, 2*hour, 6*hour, 12*hour, day, 3*day, 7*day, 30*day)
}

func sizeLabel(n int64) string { return bytesText(n) }
func ageLabel(n int64) string  { return roughly(time.Duration(n) * time.Second) }

// print draws the histogram.
func (h histogram) print(to io.Writer, label func(int64) string) {
	const width = 40
	most := slices.Max(h.Counts)
	for i, n := range h.Counts {
		name := "more"
		if i < len(h.Below) {
			name = "< " + label(h.Below[i])
		}
		bar := ""
		if most > 0 {
			bar = strings.Repeat("█", int((n*width+most-1)/most))
		}
		fmt.Fprintf(to, "  %12s %10s %s\n", name, thousands(n), bar)
	}
}
