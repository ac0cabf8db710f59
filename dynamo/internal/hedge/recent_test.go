package hedge

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestDurations_TellNothingAtFirst(t *testing.T) {
	is := is.New(t)
	d := newDurations(97)
	for range telling - 1 {
		d.add(time.Millisecond)
		_, known := d.percentile()
		is.True(!known)
	}
	d.add(time.Millisecond)
	p, known := d.percentile()
	is.True(known)
	is.Equal(p, time.Millisecond)
}

// Of a thousand reads that took 1 to 1000 ms, in any order, three in a hundred took longer than 970
// ms.
func TestDurations_AreAPercentileOfTheLast(t *testing.T) {
	is := is.New(t)
	d := newDurations(97)
	order := rand.New(rand.NewPCG(1, 2)).Perm(remembered)
	for _, ms := range order {
		d.add(time.Duration(ms+1) * time.Millisecond)
	}
	p, _ := d.percentile()
	is.Equal(p, 971*time.Millisecond)
	for range remembered { // older reads are forgotten
		d.add(2 * time.Millisecond)
	}
	p, _ = d.percentile()
	is.Equal(p, 2*time.Millisecond)
}

func TestDurations_ThatAClockCannotTellApart(t *testing.T) {
	is := is.New(t)
	d := newDurations(99)
	for range telling {
		d.add(0)
	}
	_, known := d.percentile()
	is.True(known)
}

func TestDurations_AddedAtTheSameTime(t *testing.T) {
	is := is.New(t)
	d := newDurations(97)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				d.add(time.Second)
				d.percentile()
			}
		})
	}
	wg.Wait()
	p, _ := d.percentile()
	is.Equal(p, time.Second)
}
