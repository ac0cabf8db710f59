package codec_test

import (
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
)

type address struct {
	Street string `json:"street"`
	Zip    string `json:"zip,omitempty"`
}

type account struct {
	Name    string              `json:"name"`
	Role    string              `json:"role,omitempty"`
	Home    address             `json:"home"`
	Work    address             `json:"work,omitzero"`
	Other   *address            `json:"other"`
	Book    map[string]address  `json:"book,omitempty"`
	Links   map[string]*address `json:"links,omitempty"`
	Past    []address           `json:"past,omitempty"`
	Free    map[string]any      `json:"free,omitempty"`
	Secret  string              `json:"-"`
	address                     // embedded: its fields are the account's
}

func TestJSON_EncodeOver(t *testing.T) {
	c := codec.JSON[account]{}
	for _, test := range []struct {
		name, stored string
		change       func(*account)
		want         string
	}{
		{"nothing unknown", `{"name":"n","home":{"street":"s"},"other":null,"street":""}`, nil, `{"name":"n","home":{"street":"s"},"other":null,"street":""}`},
		{
			"at the top, text and order as they were", `{"zz": {"a" : [1, 2]}, "name":"n", "u":"\u00e9", "a":1e2}`, nil,
			`{"name":"n","home":{"street":""},"other":null,"street":"","zz": {"a" : [1, 2]},"u":"\u00e9","a":1e2}`,
		},
		{
			"in a struct", `{"home":{"new":1,"street":"s"}}`, func(a *account) { a.Home.Street = "t" },
			`{"name":"","home":{"street":"t","new":1},"other":null,"street":""}`,
		},
		{"in a struct that is left out", `{"work":{"new":1}}`, nil, `{"name":"","home":{"street":""},"other":null,"street":"","work":{"new":1}}`},
		{
			"in a struct that is emptied and left out", `{"work":{"street":"s","new":1}}`, func(a *account) { a.Work = address{} },
			`{"name":"","home":{"street":""},"other":null,"street":"","work":{"new":1}}`,
		},
		{"behind a pointer", `{"other":{"new":1,"street":"s"}}`, nil, `{"name":"","home":{"street":""},"other":{"street":"s","new":1},"street":""}`},
		{"behind a pointer that is nil now", `{"other":{"new":1,"street":"s"}}`, func(a *account) { a.Other = nil }, `{"name":"","home":{"street":""},"other":null,"street":""}`},
		{
			"in the values of maps", `{"book":{"a":{"new":1},"b":{"new":2}},"links":{"a":{"new":3},"b":null}}`, func(a *account) { delete(a.Book, "b") },
			`{"name":"","home":{"street":""},"other":null,"book":{"a":{"street":"","new":1}},"links":{"a":{"street":"","new":3},"b":null},"street":""}`,
		},
		{"not in slices", `{"past":[{"new":1}]}`, nil, `{"name":"","home":{"street":""},"other":null,"past":[{"street":""}],"street":""}`},
		{"not what was emptied", `{"role":"r","zip":"z"}`, func(a *account) { a.Role, a.Zip = "", "" }, `{"name":"","home":{"street":""},"other":null,"street":""}`},
		{"a name in another case is known", `{"NAME":"n"}`, nil, `{"name":"n","home":{"street":""},"other":null,"street":""}`},
		{"unless the exact one is there", `{"role":"r","Role":"x"}`, nil, `{"name":"","role":"r","home":{"street":""},"other":null,"street":"","Role":"x"}`},
		{"which is empty once it is emptied", `{"role":"r","Role":"x"}`, func(a *account) { a.Role = "" }, `{"name":"","home":{"street":""},"other":null,"street":"","role":null,"Role":"x"}`},
		{"a field that is not stored is not known", `{"Secret":"s","-":1}`, nil, `{"name":"","home":{"street":""},"other":null,"street":"","Secret":"s","-":1}`},
		{"what a map of anything holds is known", `{"free":{"a":{"b":1}}}`, func(a *account) { a.Free = nil }, `{"name":"","home":{"street":""},"other":null,"street":""}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			is := is.New(t)
			stored := codec.Opaque("json", []byte(test.stored))
			v, err := c.Decode(stored)
			is.NoErr(err)
			if test.change != nil {
				test.change(&v)
			}
			p, err := codec.EncodeOver(codec.Codec[account](c), v, stored)
			is.NoErr(err)
			b, _ := p.Bytes()
			is.Equal(string(b), test.want)
			again, err := c.Decode(p)
			is.NoErr(err)
			is.Equal(again, v)
			q, err := c.EncodeOver(again, p)
			is.NoErr(err)
			is.True(codec.Equal(p, q)) // a second time gives the same
		})
	}
}
