//lint:file-ignore SA5008 the tags are what is tested

package shape_test

import "testing"

type Other struct{ Name string }

func TestOf_TwoFieldsOfOneName(t *testing.T) {
	refused[struct {
		A string `json:"B"`
		B string
	}](t, asJSON(), "field B: would be stored under the name \"B\", as A is: rename one, or tag it `json:\"-\"`")
	refused[struct {
		A string `json:"it's"` // no name to encoding/json, which takes the field's
		B string `json:"A"`
	}](t, asJSON(), "field B: would be stored under the name \"A\", as A is: rename one, or tag it `json:\"-\"`")
	refused[struct {
		Inner `json:"it's"`
		Name  string
	}](t, asJSON(), "field Name: would be stored under the name \"Name\", as Inner.Name is: rename one, or tag it `json:\"-\"`")
	refused[struct {
		Inner
		Other
	}](t, asJSON(), "field Other.Name: would be stored under the name \"Name\", as Inner.Name is: rename one, or tag it `json:\"-\"`")
	refused[struct {
		hidden
		Name string
	}](t, other(), "field Name: would be stored under the name \"Name\", as hidden.Name is: rename one, or tag it `json:\"-\"`")
	taken[struct {
		Inner `json:"inner"`
		Name  string
	}](t, asJSON())
	taken[struct {
		Inner
		Deep struct{ Name string }
	}](t, asJSON())
	type Loop struct {
		*Inner
		Own string
	}
	taken[Loop](t, asJSON())
}
