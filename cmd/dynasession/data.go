package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/zstd"
)

// mostData is the largest size to which data is decompressed, in bytes.
const mostData = 4 << 20

var (
	errEncrypted = errors.New("is encrypted: only the application, which has the key, can read it")
	errNoData    = errors.New("is missing")
)

var versionPrefix = regexp.MustCompile(`^v[0-9]+$`)

// readable returns a session's data as JSON. It fails if only the application can read it. Data
// that is not valid JSON, such as the NaN that dynamodb-session-web may write, is returned as text.
func readable(it item) (json.RawMessage, string, error) {
	av := it["data"]
	format := it.format()
	var raw []byte
	switch av := av.(type) {
	case nil:
		return nil, "", errNoData
	case *types.AttributeValueMemberS:
		raw = []byte(av.Value)
	case *types.AttributeValueMemberB:
		raw = av.Value
	}
	for {
		prefix, rest, more := strings.Cut(format, "+")
		switch {
		case more && versionPrefix.MatchString(prefix):
			format = rest
		case more && strings.HasPrefix(prefix, "aead"):
			return nil, "", errEncrypted
		case more && prefix == "zstd":
			plain, err := zstd.New().Decompress(raw, mostData)
			if err != nil {
				return nil, "", err
			}
			raw, av, format = plain, nil, rest
		default:
			return leaf(format, raw, av)
		}
	}
}

// leaf decodes data that is neither compressed nor encrypted. av is nil if it was compressed.
func leaf(format string, raw []byte, av types.AttributeValue) (json.RawMessage, string, error) {
	switch format {
	case "json":
		return text2JSON(raw)
	case "msgpack":
		d := msgpack.NewDecoder(bytes.NewReader(raw))
		d.SetMapDecoder(func(d *msgpack.Decoder) (any, error) { return d.DecodeUntypedMap() })
		v, err := d.DecodeInterface()
		if err != nil {
			return nil, "", errors.New("is not valid MessagePack")
		}
		return marshal(plain(v))
	case "dynamodb":
		if av == nil { // compressed native data is DynamoDB JSON
			value, err := attribute.ValueOf(codec.Opaque(attribute.Format, raw))
			if err != nil {
				return nil, "", errors.New("is not valid DynamoDB JSON")
			}
			av = value.AttributeValue()
		}
		var v any
		if err := attributevalue.UnmarshalWithOptions(av, &v, func(o *attributevalue.DecoderOptions) { o.UseNumber = true }); err != nil {
			return nil, "", errors.New("is not a value that can be shown")
		}
		return marshal(plain(v))
	default:
		if raw == nil {
			return nil, "", fmt.Errorf("is of the format %q, which this command does not know", format)
		}
		return marshal(base64.StdEncoding.EncodeToString(raw))
	}
}

func text2JSON(raw []byte) (json.RawMessage, string, error) {
	if !json.Valid(raw) {
		return nil, string(raw), nil
	}
	return raw, "", nil
}

func marshal(v any) (json.RawMessage, string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, "", errors.New("can't be shown as JSON")
	}
	return raw, "", nil
}

// plain returns v with string keys in its maps and JSON numbers.
func plain(v any) any {
	switch v := v.(type) {
	case map[any]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[fmt.Sprint(k)] = plain(e)
		}
		return m
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = plain(e)
		}
		return m
	case []any:
		s := make([]any, len(v))
		for i, e := range v {
			s[i] = plain(e)
		}
		return s
	case attributevalue.Number:
		return json.Number(v)
	case []attributevalue.Number:
		s := make([]json.Number, len(v))
		for i, n := range v {
			s[i] = json.Number(n)
		}
		return s
	default:
		return v
	}
}
