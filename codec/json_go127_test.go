//go:build go1.27 && goexperiment.jsonv2

package codec_test

import (
	"encoding/json/jsontext"
	"errors"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
)

// streamed encodes itself by the methods that encoding/json prefers since Go 1.27.
type streamed struct{ text string }

func (s streamed) MarshalJSONTo(e *jsontext.Encoder) error {
	if s.text == "bad" {
		return errors.New("s3cret " + s.text)
	}
	return e.WriteToken(jsontext.String(s.text))
}

func (s *streamed) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	t, err := d.ReadToken()
	if err == nil {
		s.text = t.String()
	}
	if s.text == "unreadable" {
		return errors.New("s3cret " + s.text)
	}
	return err
}

func TestJSON_TypesThatEncodeThemselvesToAStream(t *testing.T) {
	is := is.New(t)
	type data struct {
		S streamed
		N int
	}
	c := codec.JSON[data]{}
	is.NoErr(c.Validate())
	p, err := c.EncodeOver(data{streamed{"fine"}, 2}, codec.Opaque("json", []byte(`{"N":1,"later":true}`)))
	is.NoErr(err)
	b, err := codec.BytesOf(p, "json")
	is.NoErr(err)
	is.Equal(string(b), `{"S":"fine","N":2,"later":true}`)
	got, err := c.Decode(p)
	is.NoErr(err)
	is.Equal(got, data{streamed{"fine"}, 2})

	_, err = c.Encode(data{streamed{"bad"}, 0})
	is.Equal(err.Error(), "json: field S: codec_test.streamed can't encode itself: the error is a *errors.errorString")
	_, err = c.Encode(data{streamed{"unreadable"}, 0}) // an error of Encode, not of the next Load
	is.Equal(err.Error(), "json: field S: can't be read back: json: can't be decoded: the error is a *errors.errorString")
}
