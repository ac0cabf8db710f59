package hedge

import (
	"testing"

	"github.com/matryer/is"
)

func TestBudget_IsTheShareFromTheFirstReadOn(t *testing.T) {
	is := is.New(t)
	b := budget{share: 0.05}
	hedges := 0
	for reads := 1; reads <= 10000; reads++ {
		b.earn()
		if b.spend() { // every read is late
			hedges++
		}
		is.True(float64(hedges) <= 0.05*float64(reads)+1e-6)
	}
	is.True(hedges >= 499)
}

func TestBudget_SavesUpSoMany(t *testing.T) {
	is := is.New(t)
	b := budget{share: 1}
	for range 1000 {
		b.earn()
	}
	hedges := 0
	for b.spend() {
		hedges++
	}
	is.Equal(hedges, mostSaved)
}
