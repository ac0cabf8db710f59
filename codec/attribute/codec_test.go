//lint:file-ignore SA5008 the tags are what is tested

package attribute_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"

	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/codectest"
)

func TestCodec_Kinds(t *testing.T) {
	codectest.RunKinds(t, codectest.Kinds{
		Scalars:     attribute.Codec[codectest.Scalars]{},
		Blobs:       attribute.Codec[codectest.Blobs]{},
		Times:       attribute.Codec[codectest.Times]{},
		Collections: attribute.Codec[codectest.Collections]{},
		Pointers:    attribute.Codec[codectest.Pointers]{},
		Node:        attribute.Codec[codectest.Node]{},
		Embedding:   attribute.Codec[codectest.Embedding]{},
		Tagged:      attribute.Codec[codectest.Tagged]{},
		Older:       attribute.Codec[codectest.Older]{},
		Newer:       attribute.Codec[codectest.Newer]{},
		Open:        attribute.Codec[codectest.Open]{},
		Unstorable:  attribute.Codec[codectest.Unstorable]{},
		Text:        attribute.Codec[string]{},
		Free:        attribute.Codec[map[string]any]{},
		Pointer:     attribute.Codec[*codectest.Inner]{},
	})
}

func encode[T any](t *testing.T, v T) (codec.Payload, string) {
	t.Helper()
	p, err := attribute.Codec[T]{}.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return p, string(b)
}

func TestCodec_TheBytes(t *testing.T) {
	is := is.New(t)
	type cart struct {
		Items map[string]int `json:"items"`
		Note  string         `json:"-"`
		Tags  []string       `json:"tags,stringset"`
		Ends  time.Time      `json:"ends,unixtime"`
		HTML  string
	}
	_, b := encode(t, cart{Items: map[string]int{"b": 2, "a": 1}, Note: "x", Tags: []string{"t"}, Ends: time.Unix(7, 0).UTC(), HTML: "<"})
	is.Equal(b, `{"M":{"HTML":{"S":"<"},"ends":{"S":"1970-01-01T00:00:07Z"},"items":{"M":{"a":{"N":"1"},"b":{"N":"2"}}},"tags":{"SS":["t"]}}}`)
}

type sets struct {
	Texts   []string  `dynamodbav:",stringset"`
	Numbers []float64 `dynamodbav:",numberset"`
	Bytes   [][]byte  `dynamodbav:",binaryset"`
}

func TestCodec_Sets(t *testing.T) {
	codectest.Run(t, attribute.Codec[sets]{}, sets{}, sets{[]string{}, []float64{}, [][]byte{}},
		sets{[]string{"b", "a"}, []float64{2, 1.5}, [][]byte{{2}, {1}}})

	t.Run("the order doesn't count", func(t *testing.T) {
		is := is.New(t)
		p, _ := encode(t, sets{[]string{"b", "a"}, []float64{2, 1.5}, [][]byte{{2}, {1}}})
		q, _ := encode(t, sets{[]string{"a", "b"}, []float64{1.5, 2}, [][]byte{{1}, {2}}})
		is.True(codec.Equal(p, q))
	})
	for name, v := range map[string]sets{
		"a member stands twice in a set": {Texts: []string{"s3cret", "s3cret"}},
		"a member of a set is empty":     {Bytes: [][]byte{{}}},
		"a text is not UTF-8":            {Texts: []string{"\xff"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := attribute.Codec[sets]{}.Encode(v)
			if err == nil || (err.Error() != "attribute: "+name && err.Error() != "attribute: field Texts[]: text is not UTF-8") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCodec_ListsOfBytes(t *testing.T) {
	type keys struct {
		IDs   [][]byte
		ByApp map[string][][]byte
		Deep  [][][]byte
		Two   [2][][]byte
		Ptr   *[][]byte
		Inner struct{ IDs [][]byte }
		Set   [][]byte `dynamodbav:",binaryset"`
	}
	list := [][]byte{{2}, {1}, {}, {2}}
	codectest.Run(t, attribute.Codec[keys]{}, keys{}, keys{
		IDs: list, ByApp: map[string][][]byte{"a": list, "b": nil}, Deep: [][][]byte{list, {}}, Two: [2][][]byte{list, nil}, Ptr: &list,
		Inner: struct{ IDs [][]byte }{list}, Set: [][]byte{{1}},
	})
	codectest.Run(t, attribute.Codec[[][]byte]{}, list)
	t.Run("what was stored as a set is read", func(t *testing.T) {
		is := is.New(t)
		got, err := attribute.Codec[keys]{}.Decode(codec.Opaque(attribute.Format, []byte(`{"M":{"IDs":{"BS":["AQ==","Ag=="]}}}`)))
		is.NoErr(err)
		is.Equal(got.IDs, [][]byte{{1}, {2}})
	})
	t.Run("a nil in it is refused by name", func(t *testing.T) {
		is := is.New(t)
		_, err := attribute.Codec[keys]{}.Encode(keys{IDs: [][]byte{nil}})
		is.Equal(err.Error(), "attribute: field IDs[]: a nil in a [][]byte can't be stored")
	})
	t.Run("in an interface it is refused", func(t *testing.T) {
		is := is.New(t)
		_, err := attribute.Codec[any]{}.Encode(list)
		is.Equal(err.Error(), "attribute: [][]uint8 in an interface would come back as something else")
	})
}

func TestCodec_RefusesWhatDynamoDBRefuses(t *testing.T) {
	type numbers struct {
		F float64
		N json.Number
	}
	c := attribute.Codec[numbers]{}
	for want, v := range map[string]numbers{
		"attribute: field F: a float64 that is NaN or infinite can't be stored": {F: math.Inf(-1)},

		"attribute: a number is out of DynamoDB's range, 1e-130 to 9.9e125, or has more than 38 digits": {F: 1e126},

		"attribute: a number that is NaN, infinite or no number can't be stored": {N: "s3cret"},
	} {
		t.Run(want, func(t *testing.T) {
			is := is.New(t)
			_, err := c.Encode(v)
			is.True(err != nil)
			is.Equal(err.Error(), want)
		})
	}
	for _, f := range []float64{9.9e125, 1e-130, -1e-130, 0} {
		codectest.Run(t, c, numbers{F: f, N: "1"})
	}
	t.Run("a json.Number that nobody set stays empty", func(t *testing.T) {
		is := is.New(t)
		p, _ := encode(t, numbers{})
		got, err := c.Decode(p)
		is.NoErr(err)
		is.Equal(got, numbers{})
	})
	t.Run("an empty key", func(t *testing.T) { codectest.Refuses(t, attribute.Codec[map[string]int]{}, map[string]int{"": 1}) })
	t.Run("nesting", func(t *testing.T) {
		var v any = "x"
		for range 31 {
			v = []any{v}
		}
		codectest.Run(t, attribute.Codec[any]{}, v)
		codectest.Refuses[any](t, attribute.Codec[any]{}, []any{v})
	})
}

func TestCodec_RefusesByType(t *testing.T) {
	is := is.New(t)
	is.Equal(attribute.Codec[codectest.Unstorable]{}.Validate().Error(), "attribute: field Chan: chan int can't be stored")
	type moment time.Time
	is.NoErr(attribute.Codec[struct{ M moment }]{}.Validate())
	_, err := attribute.Codec[struct{ C chan int }]{}.Decode(attribute.NewValue(&types.AttributeValueMemberM{}))
	is.True(err != nil)
}

func TestCodec_DecodesWhatDynamoDBReturns(t *testing.T) {
	is := is.New(t)
	got, err := attribute.Codec[codectest.Open]{}.Decode(attribute.NewValue(&types.AttributeValueMemberM{
		Value: map[string]types.AttributeValue{
			"Any":     &types.AttributeValueMemberN{Value: "12345678901234567890123456789012345678"},
			"Map":     &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"n": &types.AttributeValueMemberN{Value: "1"}}},
			"Unknown": &types.AttributeValueMemberS{Value: "x"},
		},
	}))
	is.NoErr(err)
	is.Equal(got, codectest.Open{Any: json.Number("12345678901234567890123456789012345678"), Map: map[string]any{"n": 1.0}})
}

func FuzzCodec_Decode(f *testing.F) {
	for _, s := range []string{
		`{"M":{"Any":{"N":"1"},"List":{"L":[{"NULL":true}]},"Map":{"M":{"a":{"B":"AA=="}}}}}`, `{}`, `{"M":{"Any":{"X":1}}}`,
		`{"M":{"Array":{"B":"AAECAwQF"}}}`, `{"M":{"Any":{"NS":["1","1.0"]}}}`, `{"NULL":false}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p := codec.Opaque(attribute.Format, b)
		_, _ = attribute.Codec[codectest.Collections]{}.Decode(p)
		_, _ = attribute.Codec[codectest.Blobs]{}.Decode(p)
		_, _ = attribute.Codec[codectest.Times]{}.Decode(p)
		c := attribute.Codec[codectest.Open]{}
		v, err := c.Decode(p)
		if err != nil {
			return
		}
		q, err := c.Encode(v)
		if err != nil {
			return // a set in an interface, for example
		}
		again, err := c.Decode(q)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := c.Encode(again); err != nil || !codec.Equal(q, r) {
			t.Fatalf("another payload after a round trip, %v", err)
		}
	})
}

func TestCodec_KeepsTheLargestFloat32(t *testing.T) {
	is := is.New(t)
	type limits struct {
		List  []float32          `json:"list"`
		Set   []float32          `json:"set,numberset"`
		Map   map[string]float32 `json:"map"`
		Point *float32           `json:"point"`
		Array [2]float32         `json:"array"`
		Text  float32            `json:"text,string"`
	}
	most, one := float32(math.MaxFloat32), float32(1)
	v := limits{[]float32{-most, 1}, []float32{most}, map[string]float32{"a": most}, &most, [2]float32{-most, most}, most}
	c := attribute.Codec[limits]{}
	p, err := c.Encode(v)
	is.NoErr(err)
	got, err := c.Decode(p)
	is.NoErr(err)
	is.Equal(got, v)
	got, err = c.Decode(codec.Opaque("dynamodb", []byte(`{"M":{"point":{"N":"1"}}}`)))
	is.NoErr(err)
	is.Equal(got, limits{Point: &one})
	_, err = c.Decode(codec.Opaque("dynamodb", []byte(`{"M":{"point":{"N":"3.4028236e+38"}}}`)))
	is.True(err != nil)
}

// Another binary's type may have tagged a field as a set.
func TestCodec_ASetInAnInterfaceIsAList(t *testing.T) {
	is := is.New(t)
	set := func(v types.AttributeValue) types.AttributeValue {
		return &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"all": v}}
	}
	for _, c := range []struct {
		set  types.AttributeValue
		want []any
	}{
		{&types.AttributeValueMemberSS{Value: []string{"b", "a"}}, []any{"b", "a"}},
		{&types.AttributeValueMemberNS{Value: []string{"1", "12345678901234567890"}}, []any{1.0, json.Number("12345678901234567890")}},
		{&types.AttributeValueMemberBS{Value: [][]byte{{1}}}, []any{[]byte{1}}},
	} {
		got, err := attribute.Codec[map[string]any]{}.Decode(attribute.NewValue(set(c.set)))
		is.NoErr(err)
		is.Equal(got, map[string]any{"all": c.want})
	}
}

func TestCodec_RefusesAnEmptyNumberInAnInterface(t *testing.T) {
	_, err := attribute.Codec[map[string]any]{}.Encode(map[string]any{"n": json.Number("")})
	is.New(t).Equal(fmt.Sprint(err), "attribute: field []: an empty json.Number in an interface would come back as nil")
}
