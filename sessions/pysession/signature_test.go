package pysession

import (
	"testing"

	"github.com/matryer/is"
)

// The vectors, made by itsdangerous.Signer with its defaults.
func TestSign_Vectors(t *testing.T) {
	is := is.New(t)
	for _, v := range []struct{ key, value, sig string }{
		{"secret-key", "abc", "oOai8fI4QcRZvYGQ1Va6RAMF8ZY"},
		{"secret-key", "WaHnSSou4d5Rq0k11vFGafe4sjMrkwiVhNziIWLLwMc", "0bmtDqqE6GRFoJsehmiFp__ylLA"},
		{"foo", "my string", "W6Hp4GX6NvrfzAhWJM8UubCYEjM"},
		{"k1", "WaHnSSou4d5Rq0k11vFGafe4sjMrkwiVhNziIWLLwMc", "ZML0frjq8B43y53K1kIfIICeABM"},
		{"ключ", "x.y", "drIAsS0Uv_ltzD2PbTbOHz565PQ"},
	} {
		is.Equal(sign(derive(v.key), v.value), v.sig)
	}
}
