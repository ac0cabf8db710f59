package engine

import (
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestDockerListensOnLoopbackOnly(t *testing.T) {
	is := is.New(t)
	command := strings.Join(dockerCommand(4711), " ")
	is.True(strings.HasPrefix(command, "docker run --rm --publish 127.0.0.1:4711:8000 amazon/dynamodb-local "))
	is.True(strings.HasSuffix(command, "-inMemory -sharedDb -disableTelemetry")) // the engine's own arguments come last
}

func TestDockerNeedsItsDaemon(t *testing.T) {
	is := is.New(t)
	machine(t, "", map[string]string{"docker": asleep})
	_, err := fromDocker(t.Context())
	is.True(err != nil)
	is.True(strings.Contains(err.Error(), "Cannot connect to the Docker daemon"))
}

func TestDockerPullsAMissingImage(t *testing.T) {
	const noImage = `case "$1" in version) ;; image) exit 1 ;; pull) echo 'pull refused' >&2; exit 1 ;; esac`
	is := is.New(t)
	machine(t, "", map[string]string{"docker": noImage})
	_, err := fromDocker(t.Context())
	is.True(err != nil)
	is.True(strings.Contains(err.Error(), "pull refused")) // it tried, and says why it can't
}
