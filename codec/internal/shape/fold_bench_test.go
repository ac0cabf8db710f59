package shape_test

import (
	"reflect"
	"testing"
)

func BenchmarkMayFold(b *testing.B) {
	type item struct {
		ID    string `json:"id"`
		Count int    `json:"count"`
	}
	type cart struct {
		User  string            `json:"user"`
		Email string            `json:"email"`
		Seen  string            `json:"seen"`
		Items []item            `json:"items"`
		Prefs map[string]string `json:"prefs"`
	}
	f := asJSON()
	f.Folds = true
	s, err := f.Of(reflect.TypeFor[cart]())
	if err != nil {
		b.Fatal(err)
	}
	text := []byte(`{"user":"user-1234","email":"a@example.com","seen":"2023-11-14T22:13:20Z","items":[{"id":"a","count":1},{"id":"b","count":2}],"prefs":{"lang":"de","tz":"Europe/Berlin"}}`)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if s.Plan.MayFold(text) {
			b.Fatal("folds")
		}
	}
}
