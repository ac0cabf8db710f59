package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec/internal/fault"
	"github.com/dynasession/dynasession/internal/wants"
)

func TestNew_TheTextIsTheFormatsAlone(t *testing.T) {
	is := is.New(t)
	cause := errors.New("s3cret")
	err := fmt.Errorf("outer: %w", fault.New(cause, "field %s", "Name"))
	is.Equal(err.Error(), "outer: field Name")
	wants.Err(t, err, cause)
	var f *fault.Error
	is.True(errors.As(err, &f))
	for _, verb := range []string{"%v", "%+v", "%s", "%q"} {
		is.True(!strings.Contains(fmt.Sprintf(verb, err), "s3cret"))
	}
}

func TestCustom_NamesTheTypeOfTheInnermostCause(t *testing.T) {
	is := is.New(t)
	err := fault.Custom(fmt.Errorf("s3cret: %w", &strange{}), "doing")
	is.Equal(err.Error(), "doing: the error is a *fault_test.strange")
	var s *strange
	is.True(errors.As(err, &s))
}

type strange struct{}

func (*strange) Error() string { return "s3cret" }

func TestPanicked(t *testing.T) {
	is := is.New(t)
	is.NoErr(fault.Panicked(nil, "doing"))
	is.Equal(fault.Panicked("s3cret", "doing").Error(), "doing: panicked with a string")
	wants.Err(t, fault.Panicked(errors.ErrUnsupported, "doing"), errors.ErrUnsupported)
}
