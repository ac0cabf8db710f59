//lint:file-ignore SA5008 the tags are what is tested

package shape_test

import (
	"net/url"
	"sync"
	"testing"
	"time"
)

type Inner struct{ Name string }

type hidden struct{ Name string }

type hiddenInt int

func TestOf_ExcludedFieldsMayBeAnything(t *testing.T) {
	taken[struct {
		A    string
		C    chan int `json:"-"`
		lock sync.Mutex
	}](t, other())
}

func TestOf_NothingExported(t *testing.T) {
	refused[struct{ name string }](t, asJSON(), "struct { name string } has no exported field, so that nothing of it would be stored")
	refused[struct{ L sync.Mutex }](t, asJSON(), "field L: sync.Mutex has no exported field, so that nothing of it would be stored")
	refused[struct{ U url.URL }](t, asJSON(), "field U.User: url.Userinfo has no exported field, so that nothing of it would be stored")
	taken[struct{ U url.URL }](t, other()) // MarshalBinary
	taken[map[string]struct{}](t, asJSON())
}

func TestOf_EmbeddedPointers(t *testing.T) {
	taken[struct{ *Inner }](t, asJSON())
	refused[struct{ *Inner }](t, other(), "field Inner: an embedded pointer that is nil would come back as one that isn't: embed the struct itself, or name the field")
	refused[struct{ *hidden }](t, asJSON(), "field hidden: a pointer to an unexported type that is embedded can't be set when it is read back")
	taken[struct{ hidden }](t, other())
	taken[struct {
		hiddenInt
		A int
	}](t, asJSON()) // omitted, as encoding/json does
	refused[struct{ hiddenInt }](t, other(), "field hiddenInt: shape_test.hiddenInt is embedded, not exported and no struct")
}

func TestOf_TagsThatDisagree(t *testing.T) {
	refused[struct {
		A string `json:"-" own:"a"`
	}](t, other(), "field A: its tags json and own disagree on whether it is stored")
	refused[struct {
		A string `json:"a" own:"-"`
	}](t, other(), "field A: its tags json and own disagree on whether it is stored")
	taken[struct {
		A string `json:"-" own:"-"`
		B string `json:"b" own:"c"`
	}](t, other())
	taken[struct {
		A string `json:"-,"`
	}](t, asJSON())
	refused[struct {
		A string `json:"-,"`
	}](t, other(), `field A: the json tag "-," is understood by encoding/json alone`)
}

// Since Go 1.27 encoding/json takes any characters for a name, and knows more options.
func TestOf_TagsThatReleasesOfGoReadDifferently(t *testing.T) {
	refused[struct {
		A int `json:"a\U0001f642"`
	}](t, asJSON(), "field A: its json tag's name \"a\U0001f642\" is ignored until Go 1.26 and used since Go 1.27: use letters, digits and punctuation without quotes")
	refused[struct {
		A int `json:"'a,b'"`
	}](t, asJSON(), "field A: its json tag's name \"'a\" is ignored until Go 1.26 and used since Go 1.27: use letters, digits and punctuation without quotes")
	refused[struct {
		Inner `json:"it's"`
	}](t, asJSON(), "field Inner: its json tag's name \"it's\" is ignored until Go 1.26 and used since Go 1.27: use letters, digits and punctuation without quotes")
	refused[struct {
		A Inner `json:",embed"`
	}](t, asJSON(), "field A: its json tag's option \"embed\" is ignored until Go 1.26 and changes what is stored since Go 1.27: leave it out")
	refused[struct {
		A []struct {
			At time.Time `json:"at,omitzero,format:DateOnly"`
		}
	}](t, asJSON(), "field A[].At: its json tag's option \"format:DateOnly\" is ignored until Go 1.26 and changes what is stored since Go 1.27: leave it out")
	refused[struct {
		A int `json:"a,case:strict"`
	}](t, asJSON(), "field A: its json tag's option \"case:strict\" is ignored until Go 1.26 and changes what is stored since Go 1.27: leave it out")
	refused[struct {
		A int `json:"a,'omitempty'"`
	}](t, asJSON(), "field A: its json tag's option \"'omitempty'\" is ignored until Go 1.26 and changes what is stored since Go 1.27: leave it out")
	taken[struct {
		A int      `json:"a-b.c/d é,omitempty,string"`
		B int      `json:",inline,unknown"`
		C chan int `json:"-"`
	}](t, asJSON())
	taken[struct {
		A int `json:"a,format:hex"` // not for encoding/json
	}](t, other())
}
