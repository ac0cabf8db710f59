package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestOutputKeepsTheLast(t *testing.T) {
	is := is.New(t)
	var o output
	_, err := fmt.Fprint(&o, "first ", "second")
	is.NoErr(err)
	is.Equal(o.String(), "first second")

	n, err := o.Write([]byte(strings.Repeat("x", outputKept) + "the end"))
	is.NoErr(err)
	is.Equal(n, outputKept+len("the end")) // all was taken, as io.Writer demands
	is.Equal(len(o.String()), outputKept)  // and only so much kept
	is.True(strings.HasSuffix(o.String(), "the end"))
}
