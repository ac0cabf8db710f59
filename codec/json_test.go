package codec_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/codectest"
	"github.com/dynasession/dynasession/internal/wants"
)

func TestJSON_Kinds(t *testing.T) {
	codectest.RunKinds(t, codectest.Kinds{
		Scalars:     codec.JSON[codectest.Scalars]{},
		Blobs:       codec.JSON[codectest.Blobs]{},
		Times:       codec.JSON[codectest.Times]{},
		Collections: codec.JSON[codectest.Collections]{},
		Pointers:    codec.JSON[codectest.Pointers]{},
		Node:        codec.JSON[codectest.Node]{},
		Embedding:   codec.JSON[codectest.Embedding]{},
		Tagged:      codec.JSON[codectest.Tagged]{},
		Older:       codec.JSON[codectest.Older]{},
		Newer:       codec.JSON[codectest.Newer]{},
		Open:        codec.JSON[codectest.Open]{},
		Unstorable:  codec.JSON[codectest.Unstorable]{},
		Text:        codec.JSON[string]{},
		Free:        codec.JSON[map[string]any]{},
		Pointer:     codec.JSON[*codectest.Inner]{},
	})
}

type plain struct {
	Name string
	Age  int
	At   time.Time
}

func TestJSON_TheBytes(t *testing.T) {
	is := is.New(t)
	p, err := codec.JSON[map[string]any]{}.Encode(map[string]any{"b": "<&>", "a": 1})
	is.NoErr(err)
	b, err := codec.BytesOf(p, "json")
	is.NoErr(err)
	is.Equal(string(b), `{"a":1,"b":"<&>"}`)
}

func TestJSON_DecodesWhatPythonWrites(t *testing.T) {
	is := is.New(t)
	decode := func(s string) (map[string]any, error) {
		return codec.JSON[map[string]any]{}.Decode(codec.Opaque("json", []byte(s)))
	}
	got, err := decode(`{"a": 1, "big": 123456789012345678901234567890, "f": 1.0, "u": "\u00fc \ud83d\ude00", "e": 1e400}`)
	is.NoErr(err)
	is.Equal(got["a"], 1.0)
	is.Equal(got["big"], json.Number("123456789012345678901234567890"))
	is.Equal(got["f"], 1.0)
	is.Equal(got["u"], "ü 😀")
	is.Equal(got["e"], json.Number("1e400"))

	_, err = decode(`{"a": NaN}`)
	is.Equal(err.Error(), "json: syntax error at byte 7")
}

func TestJSON_DecodeErrorsHoldNoValue(t *testing.T) {
	c := codec.JSON[plain]{}
	for stored, want := range map[string]string{
		`{"Name":"x","Age":"s3cret"}`:      "json: field Age is not a int",
		`{"Age":98765432109876543210}`:     "json: field Age is not a int",
		`{"At":"s3cret"}`:                  "json: can't be decoded: the error is a *time.ParseError",
		`{"Name":"s3cret`:                  "json: syntax error at byte 15",
		`["s3cret"]`:                       "json: is not a codec_test.plain",
		"{\"Name\":\"s3cret\xff\"}":        "json: text is not UTF-8", // encoding/json would change it
		"{\"Name\":\"s3cret\",\"\xff\":1}": "json: text is not UTF-8",
		`{"Name":"\ud800s3cret"}`:          "json: a text has half of a surrogate pair, which is no character",
		`null`:                             "json: is null, and codec_test.plain can't be",
		` null `:                           "json: is null, and codec_test.plain can't be",
		``:                                 "json: syntax error at byte 0",
		`{}{"Name":"s3cret"}`:              "json: syntax error at byte 3",
		`{"Name":"a","Age":1}` + "s3cret":  "json: syntax error at byte 21",
	} {
		t.Run(stored, func(t *testing.T) {
			is := is.New(t)
			got, err := c.Decode(codec.Opaque("json", []byte(stored)))
			is.True(err != nil)
			is.Equal(got, plain{}) // no partial value
			is.Equal(err.Error(), want)
			wants.NotErr(t, err, codec.ErrFormat)
		})
	}
	t.Run("the cause is there for errors.As", func(t *testing.T) {
		is := is.New(t)
		_, err := c.Decode(codec.Opaque("json", []byte(`{"Age":"s3cret"}`)))
		var cause *json.UnmarshalTypeError
		is.True(errors.As(err, &cause))
		is.True(!strings.Contains(fmt.Sprintf("%v %+v %q", err, err, err), "s3cret"))
	})
}

func TestJSON_EncodeErrorsNameTheField(t *testing.T) {
	is := is.New(t)
	_, err := codec.JSON[struct{ F float64 }]{}.Encode(struct{ F float64 }{math.NaN()})
	is.Equal(err.Error(), "json: field F: a float64 that is NaN or infinite can't be stored")

	_, err = codec.JSON[codectest.Node]{}.Encode(codectest.Node{Value: "s3cret \xff"})
	is.Equal(err.Error(), "json: field Value: text is not UTF-8")

	_, err = codec.JSON[codectest.Open]{}.Encode(codectest.Open{Map: map[string]any{"s3cret": time.Now()}})
	is.Equal(err.Error(), "json: field Map[]: time.Time in an interface would come back as something else")

	err = codec.JSON[codectest.Unstorable]{}.Validate()
	is.Equal(err.Error(), "json: field Chan: chan int can't be stored")
	_, err = codec.JSON[codectest.Unstorable]{}.Decode(codec.Opaque("json", []byte(`{}`)))
	is.Equal(err.Error(), "json: field Chan: chan int can't be stored")
}

// grumpy encodes itself, and its error repeats its text.
type grumpy struct{ text string }

func (g grumpy) MarshalText() ([]byte, error) {
	if g.text == "bad" {
		return nil, errors.New("s3cret " + g.text)
	}
	return []byte(g.text), nil
}

func (g *grumpy) UnmarshalText(b []byte) error {
	if string(b) == "unreadable" {
		return errors.New("s3cret " + string(b))
	}
	g.text = string(b)
	return nil
}

func TestJSON_TypesThatEncodeThemselves(t *testing.T) {
	is := is.New(t)
	type data struct{ G grumpy }
	c := codec.JSON[data]{}

	p, err := c.Encode(data{grumpy{"fine"}})
	is.NoErr(err)
	got, err := c.Decode(p)
	is.NoErr(err)
	is.Equal(got.G.text, "fine")

	_, err = c.Encode(data{grumpy{"bad"}})
	is.Equal(err.Error(), "json: field G: codec_test.grumpy can't encode itself: the error is a *errors.errorString")

	_, err = c.Encode(data{grumpy{"unreadable"}}) // an error of Encode, not of the next Load
	is.Equal(err.Error(), "json: field G: can't be read back: json: can't be decoded: the error is a *errors.errorString")
}

func FuzzJSON_Decode(f *testing.F) {
	for _, s := range []string{`{"Any":1,"List":[1e400],"Map":{"a":null}}`, `null`, `{"Any":{}}`, `{}x`, `"\ud800"`, `{"Any":-0.0}`} {
		f.Add([]byte(s))
	}
	c := codec.JSON[codectest.Open]{}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := c.Decode(codec.Opaque("json", b))
		if err != nil {
			return
		}
		p, err := c.Encode(v)
		if err != nil {
			t.Fatalf("what was decoded can't be encoded: %v", err)
		}
		again, err := c.Decode(p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := c.Encode(again)
		if err != nil || !codec.Equal(p, q) {
			t.Fatalf("another payload after a round trip, %v", err)
		}
	})
}

func TestJSON_HalfOfASurrogatePairIsNoText(t *testing.T) {
	is := is.New(t)
	for in, good := range map[string]bool{
		`"\ud83d\ude00"`: true, `"\uD83D\uDE00x"`: true, `"\\ud83d"`: true, `"\u00e9\n"`: true, `"\\\ud83d\ude00"`: true,
		`"\ud83d"`: false, `"\ude00"`: false, `"\ud83dx\ude00"`: false, `"\ud83d\ud83d\ude00"`: false, `"\ud83d\n\ude00"`: false,
		`"\ude00\ud83d"`: false, `"x\ud83d\\ude00"`: false,
	} {
		_, err := codec.JSON[string]{}.Decode(codec.Opaque("json", []byte(in)))
		if (err == nil) != good {
			t.Errorf("%s: %v", in, err)
		}
	}
	_, err := codec.JSON[map[string]any]{}.Decode(codec.Opaque("json", []byte(`{"a":["\ud83d"]}`)))
	is.True(err != nil)
}

func TestJSON_RefusesAnEmptyNumberInAnArrayThatOmitemptyKeeps(t *testing.T) {
	type data struct {
		N [2]json.Number `json:"n,omitempty"`
	}
	_, err := codec.JSON[data]{}.Encode(data{})
	is.New(t).Equal(fmt.Sprint(err), "json: field N[]: an empty json.Number would come back as 0: tag it `json:\",omitempty\"`")
}
