package dynamo_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

func TestFormatAndDataMustAgree(t *testing.T) {
	is := is.New(t)
	data := strings.Replace(whole, `"data":{"S":"{\"n\":1}"}`, "", 1)
	_, err := loadItem(t, data+`"data":{"S":"text"},"format":{"S":"msgpack"}`)
	wants.Err(t, err, driver.ErrDecode)
	is.True(strings.Contains(err.Error(), `"data"`))

	rec, err := loadItem(t, data+`"data":{"B":"gQE="},"format":{"S":"of-tomorrow"}`)
	is.NoErr(err) // the codec refuses unknown formats, not the store
	is.Equal(rec.Payload.Format(), "of-tomorrow")

	rec, err = loadItem(t, data+`"data":{"M":{"n":{"N":"1"}}},"format":{"S":"dynamodb"}`)
	is.NoErr(err)
	is.Equal(rec.Payload.Format(), "dynamodb")

	rec, err = loadItem(t, data+`"data":{"S":"{}"},"format":{"S":"json"}`)
	is.NoErr(err)
	is.Equal(rec.Payload.Format(), "json")
}
