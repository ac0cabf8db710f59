package main

import (
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
)

func TestPython_FindsWhatItHasSaved(t *testing.T) {
	is := is.New(t)
	args := []string{"-dynamodb", engine.Endpoint(t)}
	is.NoErr(run(t.Context(), args, t.Output())) // it creates the table
	py := &python{engine.Client(t)}
	id, err := py.save(t.Context(), `{"a": 1}`)
	is.NoErr(err)
	got, err := py.load(t.Context(), id)
	is.NoErr(err)
	is.Equal(got, `{"a": 1}`)
	got, err = py.load(t.Context(), "none")
	is.NoErr(err)
	is.Equal(got, "")
}
