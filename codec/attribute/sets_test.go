package attribute

import (
	"errors"
	"testing"
)

func TestSets(t *testing.T) {
	for in, want := range map[string]error{
		`{"SS":["a","b"]}`:         nil,
		`{"SS":["a","a"]}`:         errTwice,
		`{"SS":[""]}`:              errEmptyMember,
		`{"NS":["1","2"]}`:         nil,
		`{"NS":["1","1.0"]}`:       errTwice,
		`{"NS":["x"]}`:             errNumber,
		`{"BS":["AA==","AQ=="]}`:   nil,
		`{"BS":["AA==","AA=="]}`:   errTwice,
		`{"BS":[""]}`:              errEmptyMember,
		`{"M":{"a":{"SS":[""]}}}`:  errEmptyMember,
		`{"L":[{"NS":["1","1"]}]}`: errTwice,
	} {
		if _, err := fromJSON([]byte(in)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", in, err, want)
		}
	}
}
