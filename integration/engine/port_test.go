package engine

import (
	"fmt"
	"net"
	"testing"

	"github.com/matryer/is"
)

func TestFreePortCanBeListenedOn(t *testing.T) {
	is := is.New(t)
	port, err := freePort(t.Context())
	is.NoErr(err)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	is.NoErr(err)
	is.NoErr(l.Close())
}

func TestSaysPortTaken(t *testing.T) {
	is := is.New(t)
	is.True(saysPortTaken("Caused by: java.net.BindException: Address already in use\n\tat java.base/…"))
	is.True(saysPortTaken("docker: Error response from daemon: … Bind for 127.0.0.1:8000 failed: port is already allocated."))
	is.True(!saysPortTaken("Error: Unable to access jarfile DynamoDBLocal.jar"))
	is.True(!saysPortTaken(""))
}
