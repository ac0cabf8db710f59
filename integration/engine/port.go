package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

var errPortTaken = errors.New("the port is taken")

// freePort returns a port on which nobody listens now. Nothing reserves it.
func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// saysPortTaken finds Java's and docker's complaint in what an engine printed.
func saysPortTaken(printed string) bool {
	return strings.Contains(printed, "Address already in use") || strings.Contains(printed, "port is already allocated")
}
