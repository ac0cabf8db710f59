package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/codec/zstd"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/pysession"
)

// cart is the session data in these tests.
type cart struct {
	Item  string  `json:"item"`
	Count int64   `json:"count"`
	Price float64 `json:"price"`
	Note  string  `json:"note,omitempty"`
}

// tea is large enough to be compressed.
var tea = cart{Item: "tea", Count: 9007199254740993, Price: 2.5, Note: strings.Repeat("first flush ", 200)}

// sealer is an AES-GCM AEAD.
type sealer struct{ cipher.AEAD }

func newSealer(t *testing.T) sealer {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return sealer{aead}
}

func (s sealer) Encrypt(plaintext, associatedData []byte) ([]byte, error) {
	return s.Seal(nil, nil, plaintext, associatedData), nil
}

func (s sealer) Decrypt(ciphertext, associatedData []byte) ([]byte, error) {
	if len(ciphertext) < s.Overhead() {
		return nil, errors.New("too short")
	}
	return s.Open(nil, nil, ciphertext, associatedData)
}

// managers returns one Manager for each form in which a session can be stored.
func managers(t *testing.T, table string) map[string]*sessions.Manager[cart] {
	t.Helper()
	store := engine.Store(t, table)
	python := pysession.Config[cart](pysession.Options{})
	all := map[string]*sessions.Manager[cart]{}
	for format, cfg := range map[string]*sessions.Config[cart]{
		"json":              nil,
		"msgpack":           {Codec: msgpack.Codec[cart]{}},
		"dynamodb":          {Codec: attribute.Codec[cart]{}},
		"zstd+json":         {Codec: codec.Compress[cart](codec.JSON[cart]{}, zstd.New(), 1)},
		"zstd+msgpack":      {Codec: codec.Compress[cart](msgpack.Codec[cart]{}, zstd.New(), 1)},
		"zstd+dynamodb":     {Codec: codec.Compress[cart](attribute.Codec[cart]{}, zstd.New(), 1)},
		"aead2+json":        {AEAD: newSealer(t)},
		"aead2+zstd+json":   {AEAD: newSealer(t), Codec: codec.Compress[cart](codec.JSON[cart]{}, zstd.New(), 1)},
		"json, of python's": python,
	} {
		m, err := sessions.New(store, cfg)
		if err != nil {
			t.Fatal(err)
		}
		all[format] = m
	}
	return all
}

// aPythonSession stores a session as dynamodb-session-web does, and returns its ID, which is the
// key. The session has idled out, but its expires attribute is far in the future, so that the
// engine does not sweep it.
func aPythonSession(t *testing.T, table string) string {
	t.Helper()
	const id = "WaHnSSou4d5Rq0k11vFGafe4sjMrkwiVhNziIWLLwMc"
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	n := func(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
	_, err := engine.Client(t).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: map[string]types.AttributeValue{
		"id": s(id), "created": s("2026-11-23T22:46:01.123456+00:00"), "accessed": s("2026-11-23T22:46:01+00:00"),
		"expires": n("4102444800"), "idle_timeout": n("7200"), "absolute_timeout": n("43200"), "data": s(`{"user": NaN}`),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return id
}
