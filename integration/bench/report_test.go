package bench

import (
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestTable(t *testing.T) {
	is := is.New(t)
	table := NewTable("Speed", "Measured.", "what", "time", "ratio")
	table.Row("Load", 27351*time.Nanosecond, "1.05")
	table.Row("Save", 2*time.Millisecond, 2)
	is.Equal(table.String(), `## Speed

Measured.

| what | time | ratio |
| --- | --- | --- |
| Load | 27.4µs | 1.05 |
| Save | 2ms | 2 |
`)
}

func TestRounded(t *testing.T) {
	is := is.New(t)
	is.Equal(Rounded(999), "999ns")
	is.Equal(Rounded(1234567), "1.23ms")
	is.Equal(Rounded(0), "0s")
}

func TestPercentile(t *testing.T) {
	is := is.New(t)
	var all []time.Duration
	for i := range 1000 {
		all = append(all, time.Duration(999-i))
	}
	is.Equal(Percentile(all, 50), time.Duration(500))
	is.Equal(Percentile(all, 99.9), time.Duration(999))
	is.Equal(Percentile(all, 100), time.Duration(999))
	is.Equal(Percentile(nil, 50), time.Duration(0))
}
