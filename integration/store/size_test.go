package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

const limit = 400 * 1024

// sized returns a record whose item has the given size in bytes, as the store counts it. The test
// compares this count with the engine's limit.
func sized(t *testing.T, p place, size int, payload func(n int) codec.Payload) driver.Record {
	t.Helper()
	rec := record("k")
	var tooLarge *driver.TooLargeError
	rec.Payload = payload(2 * limit)
	if err := p.Create(t.Context(), rec); !errors.As(err, &tooLarge) {
		t.Fatalf("Create: %v, want ErrTooLarge", err)
	}
	rec.Payload = payload(2*limit - (tooLarge.Size - size))
	return rec
}

func TestSize_OurLimitIsTheEngines(t *testing.T) {
	for name, payload := range map[string]func(n int) codec.Payload{
		"text":  func(n int) codec.Payload { return codec.Opaque("json", []byte(`"`+strings.Repeat("x", n)+`"`)) },
		"bytes": func(n int) codec.Payload { return codec.Opaque("msgpack", []byte(strings.Repeat("\xff", n))) },
		"native": func(n int) codec.Payload {
			return attribute.NewValue(&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
				"s": &types.AttributeValueMemberS{Value: strings.Repeat("ü", n/2) + strings.Repeat("x", n%2)},
				"n": &types.AttributeValueMemberN{Value: "-123.45"},
				"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberNULL{Value: true}}},
			}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			p := newPlace(t)
			fits := sized(t, p, limit, payload)
			is.NoErr(p.Create(t.Context(), fits)) // the engine accepts the largest size
			item := p.item(t, "k")
			item["x"] = &types.AttributeValueMemberS{} // one more byte is too large
			_, err := p.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &p.table, Item: item})
			is.True(err != nil)

			over := sized(t, p, limit+1, payload)
			over.Rev = "other"
			err = p.Replace(t.Context(), over, fits.Rev)
			wants.Err(t, err, driver.ErrTooLarge)
			var tooLarge *driver.TooLargeError
			is.True(errors.As(err, &tooLarge))
			is.Equal(*tooLarge, driver.TooLargeError{Size: limit + 1, Limit: limit})
			got, err := p.Load(t.Context(), "k")
			is.NoErr(err)
			is.Equal(got.Rev, fits.Rev) // the refused write changed nothing
		})
	}
}
