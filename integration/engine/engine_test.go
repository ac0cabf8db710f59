package engine

import (
	"errors"
	"fmt"
	"testing"

	"github.com/matryer/is"
)

func TestJudge(t *testing.T) {
	none := fmt.Errorf("%w: no java", ErrNone)
	broken := errors.New("the engine does not answer")
	for _, tc := range []struct {
		name string
		err  error
		ci   string
		want verdict
	}{
		{"an engine runs the test", nil, "", run},
		{"an engine runs the test on CI", nil, "true", run},
		{"no engine skips", none, "", skip},
		{"no engine skips where CI is false", none, "false", skip},
		{"no engine fails on CI", none, "true", fail},
		{"no engine fails where CI is 1", none, "1", fail},
		{"a broken engine fails everywhere", broken, "", fail},
		{"a broken engine fails on CI", broken, "true", fail},
	} {
		t.Run(tc.name, func(t *testing.T) {
			is := is.New(t)
			is.Equal(judge(tc.err, tc.ci), tc.want)
		})
	}
}

func TestEndpointIsOneForTheTestBinary(t *testing.T) {
	is := is.New(t)
	is.Equal(Endpoint(t), Endpoint(t)) // the second call finds what the first started
}

func TestEndpointAnswersListTables(t *testing.T) {
	is := is.New(t)
	is.NoErr(ping(t.Context(), Endpoint(t)))
}
