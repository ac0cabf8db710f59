package main

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A network is a proxy between the function and the table. It kills connections silently, as Lambda
// does when it freezes a process.
type network struct {
	URL string

	mu     sync.Mutex
	alive  []*line
	dialed int
}

// A line is one proxied connection. Once it is dead, it drops everything that either end sends.
type line struct {
	mu   sync.Mutex
	dead bool
}

func newNetwork(t testing.TB, target string) *network {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &network{URL: "http://" + l.Addr().String()}
	var all sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", target)
			if err != nil {
				near.Close()
				continue
			}
			t.Cleanup(func() { near.Close(); far.Close() })
			c := &line{}
			n.mu.Lock()
			n.alive = append(n.alive, c)
			n.dialed++
			n.mu.Unlock()
			all.Go(func() { c.carry(far, near) })
			all.Go(func() { c.carry(near, far) })
		}
	})
	return n
}

func (c *line) carry(to io.WriteCloser, from io.Reader) {
	buffer := make([]byte, 64<<10)
	for {
		k, err := from.Read(buffer)
		c.mu.Lock()
		dead := c.dead
		c.mu.Unlock()
		if k > 0 && !dead {
			if _, err := to.Write(buffer[:k]); err != nil {
				return
			}
		}
		if err != nil {
			if !dead {
				to.Close()
			}
			return
		}
	}
}

// kill makes every open connection drop all data, without closing it. It returns their number.
func (n *network) kill() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	killed := len(n.alive)
	for _, c := range n.alive {
		c.mu.Lock()
		c.dead = true
		c.mu.Unlock()
	}
	n.alive = nil
	return killed
}

func (n *network) connections() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dialed
}
