package engine

import "sync"

const outputKept = 16 << 10

// output keeps the last of what a process prints, for the error that says why it did not start. It is safe for concurrent
// use.
type output struct {
	mu   sync.Mutex
	kept []byte
}

// Write keeps p. It never fails: a process must not stop because nobody reads it.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept = append(o.kept, p...)
	if surplus := len(o.kept) - outputKept; surplus > 0 {
		o.kept = append(o.kept[:0], o.kept[surplus:]...)
	}
	return len(p), nil
}

// String returns what is kept.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.kept)
}
