package engine

import (
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// occupied returns a port on which somebody listens who is no engine.
func occupied(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func TestStartTriesAnotherPort(t *testing.T) {
	is := is.New(t)
	taken, starts := occupied(t), 0
	p := played(os.Args[0])
	command := p.command
	p.command = func(port int) []string {
		starts++
		if starts > 1 {
			return command(port)
		}
		return command(taken) // as if somebody had taken the free port meanwhile
	}
	e, err := p.start(t.Context(), 0)
	is.NoErr(err)
	t.Cleanup(e.Close)
	is.Equal(starts, 2) // the first port was taken, the second is the engine's
	is.NoErr(ping(t.Context(), e.URL))
}

func TestStartOnATakenPortSaysSo(t *testing.T) {
	is := is.New(t)
	port := occupied(t)
	_, err := played(os.Args[0]).start(t.Context(), port)
	is.True(errors.Is(err, errPortTaken))                                           // whoever asks for a port wants this one and no other
	is.True(strings.Contains(err.Error(), "an engine on port "+strconv.Itoa(port))) // the error carries what the engine said
	is.True(strings.Contains(err.Error(), "Address already in use"))
}

func TestStartFindsARunningEngine(t *testing.T) {
	is := is.New(t)
	server := answering(t, 0)
	machine(t, server.URL, nil)
	e, err := Start(t.Context(), 0)
	is.NoErr(err)
	is.Equal(e.URL, server.URL)
	e.Close()
	is.NoErr(ping(t.Context(), e.URL)) // it isn't ours to end
}

func TestStartCommandThatDoesNotExist(t *testing.T) {
	is := is.New(t)
	p := plan{source: "nothing", command: func(int) []string { return []string{"./no-such-command"} }}
	_, err := p.start(t.Context(), 0)
	is.True(errors.Is(err, errGone))
	is.True(strings.Contains(err.Error(), "no-such-command")) // the shell's complaint is in the error
}
