package store_test

import (
	"os"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/sessions/driver"
)

// Items exactly as dynamodb-session-web writes them: with and without a fraction of a second,
// signed and unsigned.
func TestItem_Pythons(t *testing.T) {
	created := time.Date(2126, 11, 23, 22, 46, 1, 0, time.UTC)
	for file, want := range map[string]driver.Record{
		"fraction": {
			Key: "WaHnSSou4d5Rq0k11vFGafe4sjMrkwiVhNziIWLLwMc", Created: created.Add(123456 * time.Microsecond),
			Accessed: created.Add(239500 * time.Millisecond),
		},
		"whole": {
			Key: "WaHnSSou4d5Rq0k11vFGafe4sjMrkwiVhNziIWLLwMc.0bmtDqqE6GRFoJsehmiFp__ylLA", Created: created,
			Accessed: created.Add(239 * time.Second),
		},
	} {
		t.Run(file, func(t *testing.T) {
			is := is.New(t)
			p := newPlace(t)
			text, err := os.ReadFile("testdata/python/" + file + ".json")
			is.NoErr(err)
			p.put(t, fromJSON(t, text))
			got, err := p.Load(t.Context(), want.Key)
			is.NoErr(err)
			data, err := codec.JSON[map[string]any]{}.Decode(got.Payload)
			is.NoErr(err)
			if file == "fraction" {
				is.Equal(data, map[string]any{"user": "ü", "items": []any{1.0, 2.5, nil}})
			} else {
				is.Equal(data, map[string]any{})
			}
			want.IdleTimeout, want.AbsoluteTimeout = 2*time.Hour, 12*time.Hour
			is.Equal(got.ExpiresAt().Unix(), expires(p.item(t, want.Key))) // as Python computes it
			got.Payload = nil
			is.Equal(got, want)
		})
	}
}
