package canned

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Transport returns a net/http transport whose connections k answers: all of the HTTP client runs,
// but there is no network.
func (k *Kept) Transport() *http.Transport {
	return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return &connection{kept: k, due: make(chan []byte, 1), closed: make(chan struct{})}, nil
	}}
}

// connection responds to each request once the request is complete.
type connection struct {
	net.Conn // nil: only the methods below are called
	kept     *Kept
	written  []byte
	due      chan []byte
	closed   chan struct{}
	once     sync.Once
	rest     bytes.Reader
}

func (c *connection) Write(p []byte) (int, error) {
	c.written = append(c.written, p...)
	if head, whole := request(c.written); whole {
		body := c.kept.answer(head)
		c.due <- fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nX-Amz-Crc32: %s\r\nContent-Length: %d\r\n\r\n%s", contentType, checksum(body), len(body), body)
		c.written = c.written[:0]
	}
	return len(p), nil
}

// request returns the target of a request, and whether the request is complete.
func request(written []byte) (target string, whole bool) {
	head, body, found := bytes.Cut(written, []byte("\r\n\r\n"))
	if !found {
		return "", false
	}
	length, _ := strconv.Atoi(field(head, "Content-Length"))
	return field(head, "X-Amz-Target"), len(body) >= length
}

func field(head []byte, name string) string {
	_, value, _ := bytes.Cut(head, []byte("\r\n"+name+": "))
	value, _, _ = bytes.Cut(value, []byte("\r\n"))
	return string(value)
}

func (c *connection) Read(p []byte) (int, error) {
	if c.rest.Len() == 0 {
		select {
		case answer := <-c.due:
			c.rest.Reset(answer)
		case <-c.closed:
			return 0, net.ErrClosed
		}
	}
	return c.rest.Read(p)
}

func (c *connection) Close() error                     { c.once.Do(func() { close(c.closed) }); return nil }
func (c *connection) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *connection) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *connection) SetDeadline(time.Time) error      { return nil }
func (c *connection) SetReadDeadline(time.Time) error  { return nil }
func (c *connection) SetWriteDeadline(time.Time) error { return nil }
