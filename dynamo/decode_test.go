package dynamo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

// whole is a well-formed stored item.
const whole = `"id":{"S":"k"},"created":{"S":"2026-03-01T09:00:00+00:00"},"accessed":{"S":"2026-03-01T09:01:00.5Z"},` +
	`"expires":{"N":"1772362860"},"idle_timeout":{"N":"7200"},"absolute_timeout":{"N":"43200"},"data":{"S":"{\"n\":1}"}`

func loadItem(t *testing.T, attributes string) (driver.Record, error) {
	t.Helper()
	store, _ := newStore(t, ok(`{"Item":{`+attributes+`}}`))
	return store.Load(t.Context(), "k")
}

func TestItemOfAnotherWriterIsRead(t *testing.T) {
	is := is.New(t)
	rec, err := loadItem(t, whole+`,"something_else":{"SS":["x"]},"device":{"S":"a browser"},"device_ip":{"S":"192.0.2.1"}`)
	is.NoErr(err)
	is.Equal(rec.Key, "k")
	is.Equal(rec.Rev, "") // as in Python's items
	is.Equal(rec.Subject, "")
	is.Equal(rec.Device, driver.Device{Name: "a browser", IP: "192.0.2.1"})
	is.Equal(rec.Created, time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	is.Equal(rec.Accessed, time.Date(2026, 3, 1, 9, 1, 0, 500000000, time.UTC))
	is.Equal(rec.IdleTimeout, 2*time.Hour)
	is.Equal(rec.AbsoluteTimeout, 12*time.Hour)
	is.True(codec.Equal(rec.Payload, codec.Opaque("json", []byte(`{"n":1}`))))
}

// A missing or mangled attribute is an ErrDecode that names the attribute, but not its value.
func TestMangledItems(t *testing.T) {
	without := func(name string) string {
		var kept []string
		for _, a := range strings.Split(whole, `,"`) {
			if !strings.HasPrefix(strings.TrimPrefix(a, `"`), name+`"`) {
				kept = append(kept, `"`+strings.TrimPrefix(a, `"`))
			}
		}
		return strings.Join(kept, ",")
	}
	for _, c := range []struct{ name, attribute, value string }{
		{"no id", "id", ""},
		{"no created", "created", ""},
		{"no accessed", "accessed", ""},
		{"no expires", "expires", ""},
		{"no idle_timeout", "idle_timeout", ""},
		{"no absolute_timeout", "absolute_timeout", ""},
		{"no data", "data", ""},
		{"created is a number", "created", `{"N":"1772355600"}`},
		{"created is local", "created", `{"S":"2026-03-01T09:00:00"}`},
		{"created is elsewhere", "created", `{"S":"2026-03-01T09:00:00+05:00"}`},
		{"accessed is a word", "accessed", `{"S":"recently-secret"}`},
		{"accessed is null", "accessed", `{"NULL":true}`},
		{"expires is a text", "expires", `{"S":"1772362860"}`},
		{"expires is a fraction", "expires", `{"N":"1772362860.5"}`},
		{"idle_timeout is a text", "idle_timeout", `{"S":"7200"}`},
		{"idle_timeout is negative", "idle_timeout", `{"N":"-7200"}`},
		{"idle_timeout is a fraction", "idle_timeout", `{"N":"0.5"}`},
		{"absolute_timeout is a list", "absolute_timeout", `{"L":[]}`},
		{"data is a number", "data", `{"N":"1"}`},
		{"data is a map, and format says nothing", "data", `{"M":{}}`},
		{"data is bytes, and format says nothing", "data", `{"B":"e30="}`},
		{"rev is a number", "rev", `{"N":"1"}`},
		{"format is a number", "format", `{"N":"1"}`},
		{"subject is a set", "subject", `{"SS":["x"]}`},
		{"device is a number", "device", `{"N":"1"}`},
		{"device_ip is a number", "device_ip", `{"N":"1"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			attributes := without(c.attribute)
			if c.value != "" {
				attributes += `,"` + c.attribute + `":` + c.value
			}
			rec, err := loadItem(t, attributes)
			wants.Err(t, err, driver.ErrDecode)
			is.True(strings.Contains(err.Error(), `"`+c.attribute+`"`)) // the attribute's name
			is.True(!strings.Contains(err.Error(), "recently-secret"))
			is.Equal(rec.Key, "") // never a partial record
		})
	}
}
