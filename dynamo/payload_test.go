package dynamo_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/sessions"
)

func TestFormatAndDataMustAgree(t *testing.T) {
	is := is.New(t)
	data := strings.Replace(whole, `"data":{"S":"{\"n\":1}"}`, "", 1)
	_, err := loadItem(t, data+`"data":{"S":"text"},"format":{"S":"msgpack"}`)
	is.True(errors.Is(err, sessions.ErrDecode))
	is.True(strings.Contains(err.Error(), `"data"`))

	rec, err := loadItem(t, data+`"data":{"B":"gQE="},"format":{"S":"of-tomorrow"}`)
	is.NoErr(err) // a format that the store does not know is the codec's to refuse
	is.Equal(rec.Payload.Format(), "of-tomorrow")

	rec, err = loadItem(t, data+`"data":{"M":{"n":{"N":"1"}}},"format":{"S":"dynamodb"}`)
	is.NoErr(err)
	is.Equal(rec.Payload.Format(), "dynamodb")

	rec, err = loadItem(t, data+`"data":{"S":"{}"},"format":{"S":"json"}`)
	is.NoErr(err)
	is.Equal(rec.Payload.Format(), "json")
}

func TestUnknownFormatIsErrDecodeOfTheManager(t *testing.T) {
	is := is.New(t)
	id := sessions.RandomIDs(32).New()
	now := time.Now().UTC()
	stamp := now.Format("2006-01-02T15:04:05+00:00")
	store, _ := newStore(t, ok(`{"Item":{"id":{"S":"`+id.Loggable()+`"},"created":{"S":"`+stamp+`"},"accessed":{"S":"`+stamp+
		`"},"expires":{"N":"1"},"idle_timeout":{"N":"7200"},"absolute_timeout":{"N":"43200"},"data":{"B":"gQE="},"format":{"S":"of-tomorrow"}}}`))
	m, err := sessions.New[map[string]any](store, nil)
	is.NoErr(err)
	_, err = m.Load(t.Context(), id.Secret())
	is.True(errors.Is(err, sessions.ErrDecode))
	is.True(strings.Contains(err.Error(), `format`))
	is.True(strings.Contains(err.Error(), `"of-tomorrow"`))
}
