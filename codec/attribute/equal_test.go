package attribute

import (
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
)

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`{"S":"a"}`, `{"S":"a"}`, true},
		{`{"S":"a"}`, `{"S":"b"}`, false},
		{`{"S":"1"}`, `{"N":"1"}`, false},
		{`{"N":"1.50"}`, `{"N":"15e-1"}`, true},
		{`{"N":"-0"}`, `{"N":"0"}`, true},
		{`{"N":"9007199254740993"}`, `{"N":"9007199254740992"}`, false},
		{`{"B":"AA=="}`, `{"B":"AA=="}`, true},
		{`{"B":"AA=="}`, `{"B":"AQ=="}`, false},
		{`{"BOOL":true}`, `{"BOOL":false}`, false},
		{`{"NULL":true}`, `{"NULL":true}`, true},
		{`{"SS":["a","b"]}`, `{"SS":["b","a"]}`, true},
		{`{"SS":["a","b"]}`, `{"SS":["a"]}`, false},
		{`{"SS":["a","b"]}`, `{"SS":["a","c"]}`, false},
		{`{"NS":["1","2"]}`, `{"NS":["2.0","1"]}`, true},
		{`{"BS":["AA==","AQ=="]}`, `{"BS":["AQ==","AA=="]}`, true},
		{`{"L":[{"S":"a"},{"S":"b"}]}`, `{"L":[{"S":"b"},{"S":"a"}]}`, false},
		{`{"L":[]}`, `{"L":[]}`, true},
		{`{"M":{"a":{"S":"x"}}}`, `{"M":{"a":{"S":"x"}}}`, true},
		{`{"M":{"a":{"S":"x"}}}`, `{"M":{"b":{"S":"x"}}}`, false},
		{`{"M":{"a":{"S":"x"}}}`, `{"M":{}}`, false},
		{`{"M":{}}`, `{"L":[]}`, false},
	} {
		t.Run(c.a+" "+c.b, func(t *testing.T) {
			is := is.New(t)
			a, err := ValueOf(codec.Opaque(Format, []byte(c.a)))
			is.NoErr(err)
			is.Equal(codec.Equal(a, codec.Opaque(Format, []byte(c.b))), c.want)
			is.Equal(codec.Equal(codec.Opaque(Format, []byte(c.b)), a), c.want)
		})
	}
}
