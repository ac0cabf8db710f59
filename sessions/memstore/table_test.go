package memstore

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestTable_SawOnlyMovesForward(t *testing.T) {
	is := is.New(t)
	tab := newTable()
	is.Equal(tab.latest.Load(), int64(math.MinInt64))
	tab.saw(time.Unix(20, 0), time.Unix(10, 0))
	tab.saw(time.Unix(5, 0))
	is.Equal(tab.latest.Load(), int64(20))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range int64(100) {
				tab.saw(time.Unix(8*n+int64(i), 0))
			}
		})
	}
	wg.Wait()
	is.Equal(tab.latest.Load(), int64(799)) // the latest of all
}
