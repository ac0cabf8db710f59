package canned

import (
	"testing"

	"github.com/matryer/is"
)

// A client may write a request in any number of pieces. It is answered once, when it is complete.
func TestRequest_InPieces(t *testing.T) {
	is := is.New(t)
	const all = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nX-Amz-Target: DynamoDB_20120810.GetItem\r\n\r\n12345"
	for n := range all {
		_, whole := request([]byte(all[:n]))
		is.True(!whole)
	}
	target, whole := request([]byte(all))
	is.True(whole)
	is.Equal(target, "DynamoDB_20120810.GetItem")
}

func TestConnection_AnswersEachRequestOnce(t *testing.T) {
	is := is.New(t)
	c, err := (&Kept{get: []byte(`{"Item":{}}`)}).Transport().DialContext(t.Context(), "tcp", "x")
	is.NoErr(err)
	defer c.Close()
	for range 2 {
		for _, piece := range []string{"POST / HTTP/1.1\r\nX-Amz-Target: x.GetItem\r\nContent-Length: 2\r\n", "\r\n{", "}"} {
			n, err := c.Write([]byte(piece))
			is.NoErr(err)
			is.Equal(n, len(piece))
		}
		b := make([]byte, 1000)
		n, err := c.Read(b)
		is.NoErr(err)
		is.Equal(string(b[:n]), "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Crc32: "+checksum([]byte(`{"Item":{}}`))+"\r\nContent-Length: 11\r\n\r\n{\"Item\":{}}")
	}
	is.NoErr(c.Close())
	_, err = c.Read(make([]byte, 1))
	is.True(err != nil)
}
