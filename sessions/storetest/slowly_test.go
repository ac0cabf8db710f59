package storetest_test

import (
	"context"
	"sync"
	"time"
)

// slowly makes one call look first and act later, when those that race it have looked.
type slowly struct {
	mu   sync.Mutex
	here map[string]int
	open map[string]chan struct{}
}

// arrive says that a call about key is here. It opens what waits for n.
func (s *slowly) arrive(key string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := s.gate(key)
	if s.here[key]++; s.here[key] == n {
		close(gate)
	}
}

// wait waits until as many calls about key are here as open what waits, or, where nothing races,
// for a moment.
func (s *slowly) wait(ctx context.Context, key string) {
	s.mu.Lock()
	gate := s.gate(key)
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Millisecond)
	defer cancel()
	select {
	case <-gate:
	case <-ctx.Done():
	}
}

// together arrives, and waits for another.
func (s *slowly) together(ctx context.Context, key string) {
	s.arrive(key, 2)
	s.wait(ctx, key)
}

// gate needs the lock.
func (s *slowly) gate(key string) chan struct{} {
	if s.here == nil {
		s.here, s.open = map[string]int{}, map[string]chan struct{}{}
	}
	if s.open[key] == nil {
		s.open[key] = make(chan struct{})
	}
	return s.open[key]
}

// count returns how many calls about key were here.
func (s *slowly) count(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.here[key]
}
