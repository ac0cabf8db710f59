package codec_test

import (
	"testing"
	"time"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
)

type benchItem struct {
	ID    string `json:"id"`
	Count int    `json:"count"`
	Price float64
}

type benchCart struct {
	User    string            `json:"user"`
	Email   string            `json:"email,omitempty"`
	Seen    time.Time         `json:"seen"`
	Visits  int               `json:"visits"`
	Admin   bool              `json:"admin"`
	Theme   string            `json:"theme"`
	Items   []benchItem       `json:"items"`
	Prefs   map[string]string `json:"prefs"`
	Address struct {
		Street, City, Zip string
	} `json:"address"`
}

func newBenchCart() benchCart {
	c := benchCart{
		User: "user-1234", Email: "a@example.com", Seen: time.Unix(1700000000, 0).UTC(), Visits: 7, Theme: "dark",
		Items: []benchItem{{"a", 1, 9.5}, {"b", 2, 19.25}}, Prefs: map[string]string{"lang": "de", "tz": "Europe/Berlin"},
	}
	c.Address.Street, c.Address.City, c.Address.Zip = "Main Street 1", "Town", "12345"
	return c
}

type benchSmall struct {
	User   string `json:"user"`
	Visits int    `json:"visits"`
	Theme  string `json:"theme"`
}

func benchCodec[T any](b *testing.B, name string, c codec.Codec[T], v T) {
	p, err := c.Encode(v)
	if err != nil {
		b.Fatal(err)
	}
	b.Run(name+"/Encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Encode(v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run(name+"/Decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Decode(p); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCodecs(b *testing.B) {
	benchCodec(b, "json", codec.Codec[benchCart](codec.JSON[benchCart]{}), newBenchCart())
	benchCodec(b, "json-small", codec.Codec[benchSmall](codec.JSON[benchSmall]{}), benchSmall{"user-1234", 7, "dark"})
	benchCodec(b, "msgpack", codec.Codec[benchCart](msgpack.Codec[benchCart]{}), newBenchCart())
	benchCodec(b, "msgpack-small", codec.Codec[benchSmall](msgpack.Codec[benchSmall]{}), benchSmall{"user-1234", 7, "dark"})
	benchCodec(b, "attribute", codec.Codec[benchCart](attribute.Codec[benchCart]{}), newBenchCart())
	benchCodec(b, "attribute-small", codec.Codec[benchSmall](attribute.Codec[benchSmall]{}), benchSmall{"user-1234", 7, "dark"})
}
