package codec

import (
	"errors"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
)

func TestJSONErrors_UnknownOnesKeepTheirTextToThemselves(t *testing.T) {
	is := is.New(t)
	cause := errors.New("s3cret")
	for _, err := range []error{jsonEncodeError(cause), jsonDecodeError(cause)} {
		wants.Err(t, err, cause)
	}
	is.Equal(jsonEncodeError(cause).Error(), "json: can't be encoded: the error is a *errors.errorString")
	is.Equal(jsonDecodeError(cause).Error(), "json: can't be decoded: the error is a *errors.errorString")
}
