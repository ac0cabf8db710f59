package storetest_test

import (
	"context"
	"sync"
	"time"
)

// slowly makes a call read first and write later, when the calls that race it have read too.
type slowly struct {
	mu   sync.Mutex
	here map[string]int
	open map[string]chan struct{}
}

// arrive counts a call about key, and lets the waiting calls go on once there are n.
func (s *slowly) arrive(key string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := s.gate(key)
	if s.here[key]++; s.here[key] == n {
		close(gate)
	}
}

// wait waits until enough calls about key have arrived or, if there is no race, for a moment.
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

// together arrives, and waits for another call.
func (s *slowly) together(ctx context.Context, key string) {
	s.arrive(key, 2)
	s.wait(ctx, key)
}

// gate returns the channel that is closed when key's calls may go on. The lock is held.
func (s *slowly) gate(key string) chan struct{} {
	if s.here == nil {
		s.here, s.open = map[string]int{}, map[string]chan struct{}{}
	}
	if s.open[key] == nil {
		s.open[key] = make(chan struct{})
	}
	return s.open[key]
}

// count returns how many calls about key have arrived.
func (s *slowly) count(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.here[key]
}
