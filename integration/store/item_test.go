package store_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/codec/attribute"
	"github.com/dynasession/dynasession/codec/msgpack"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/driver"
)

// account has data of every kind that an application may keep.
type account struct {
	Name    string            `json:"name"`
	Visits  int64             `json:"visits"`
	Rate    float64           `json:"rate"`
	Admin   bool              `json:"admin"`
	Seen    time.Time         `json:"seen"`
	Token   []byte            `json:"token"`
	Roles   []string          `json:"roles"`
	Prefs   map[string]string `json:"prefs"`
	Address *struct {
		City string `json:"city"`
	} `json:"address"`
	Skipped string `json:"-"`
}

var stored = account{
	Name: "ünï 😀 <b>", Visits: 1<<53 + 1, Rate: 0.1, Admin: true, Seen: time.Date(2026, 2, 28, 23, 59, 59, 123456789, time.UTC),
	Token: []byte{0, 1, 0xfe, 0xff}, Roles: []string{"reader", ""}, Prefs: map[string]string{"b": "2", "a": ""},
}

// golden returns the record in the files of testdata. Its times are far in the future, so that no
// engine sweeps the item.
func golden(payload codec.Payload) driver.Record {
	return driver.Record{
		Key: "4ee055b8", Payload: payload, Rev: "0123456789abcdef", Subject: "subject/ü",
		Created:  time.Date(2126, 3, 1, 9, 0, 0, 0, time.UTC),
		Accessed: time.Date(2126, 3, 1, 9, 30, 0, 123456000, time.UTC), IdleTimeout: 2 * time.Hour, AbsoluteTimeout: 12 * time.Hour,
	}
}

// The stored form never changes incompatibly: every later version reads what this one writes, byte
// for byte.
func TestItem_Golden(t *testing.T) {
	for name, c := range map[string]codec.Codec[account]{
		"json": codec.JSON[account]{}, "msgpack": msgpack.Codec[account]{}, "native": attribute.Codec[account]{},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			p := newPlace(t)
			payload, err := c.Encode(stored)
			is.NoErr(err)
			rec := golden(payload)
			is.NoErr(p.Create(t.Context(), rec))
			got := dynamoJSON(t, p.item(t, rec.Key))
			file := filepath.Join("testdata", "items", name+".json")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				is.NoErr(os.WriteFile(file, got, 0o644))
			}
			want, err := os.ReadFile(file)
			is.NoErr(err)
			is.Equal(string(got), string(want))

			old := newPlace(t) // the file can be read
			old.put(t, fromJSON(t, want))
			back, err := old.Load(t.Context(), rec.Key)
			is.NoErr(err)
			is.True(codec.Equal(back.Payload, rec.Payload))
			data, err := c.Decode(back.Payload)
			is.NoErr(err)
			data.Seen = data.Seen.UTC()
			is.Equal(data, stored)
			back.Payload, rec.Payload = nil, nil
			is.Equal(back, rec)
		})
	}
}

// A write does not change attributes that others have added to the item.
func TestItem_AttributesOfOthersStay(t *testing.T) {
	is := is.New(t)
	p := newPlace(t)
	rec := record("k")
	is.NoErr(p.Create(t.Context(), rec))
	item := maps.Clone(p.item(t, "k"))
	item["theirs"] = &types.AttributeValueMemberSS{Value: []string{"a"}}
	p.put(t, item)
	_, err := p.Load(t.Context(), "k")
	is.NoErr(err)
	rec.Accessed = rec.Accessed.Add(time.Second)
	is.NoErr(p.Touch(t.Context(), "k", rec.Accessed, rec.ExpiresAt()))
	rec.Rev = "second"
	is.NoErr(p.Replace(t.Context(), rec, "first"))
	is.Equal(p.item(t, "k")["theirs"], item["theirs"])
}

// dynamoJSON returns the item as readable DynamoDB JSON.
func dynamoJSON(t *testing.T, item map[string]types.AttributeValue) []byte {
	t.Helper()
	raw, err := attribute.NewValue(&types.AttributeValueMemberM{Value: item}).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	return append(out.Bytes(), '\n')
}

func fromJSON(t *testing.T, text []byte) map[string]types.AttributeValue {
	t.Helper()
	v, err := attribute.ValueOf(codec.Opaque(attribute.Format, text))
	if err != nil {
		t.Fatal(err)
	}
	return v.AttributeValue().(*types.AttributeValueMemberM).Value
}

// sealed is an AES-GCM AEAD.
type sealed struct{ cipher.AEAD }

func (s sealed) Encrypt(plaintext, ad []byte) ([]byte, error) {
	return s.Seal(nil, nil, plaintext, ad), nil
}

func (s sealed) Decrypt(ciphertext, ad []byte) ([]byte, error) {
	return s.Open(nil, nil, ciphertext, ad)
}

// With the same AEAD key, an item copied from one table to another signs nobody in there.
func TestItem_EncryptedForItsTable(t *testing.T) {
	is := is.New(t)
	block, err := aes.NewCipher([]byte(rand.Text() + "012345")) // 32 bytes
	is.NoErr(err)
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	is.NoErr(err)
	first, second := engine.NewTable(t), engine.NewTable(t)
	on := func(table string, former ...string) *sessions.Manager[string] {
		m, err := sessions.New(engine.Store(t, table), &sessions.Config[string]{AEAD: sealed{gcm}, FormerTables: former})
		is.NoErr(err)
		return m
	}
	m := on(first)
	s := m.Create()
	s.Data = "tea"
	is.NoErr(m.Authenticate(t.Context(), s, "ada"))
	key := map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: s.Handle()}}
	item, err := engine.Client(t).GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &first, Key: key})
	is.NoErr(err)
	_, err = engine.Client(t).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &second, Item: item.Item})
	is.NoErr(err)

	_, err = on(second).Load(t.Context(), s.ID().Secret())
	wants.Err(t, err, sessions.ErrDecode)
	got, err := on(second, first).Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
	is.Equal(got.Data, "tea")
	_, err = m.Load(t.Context(), s.ID().Secret())
	is.NoErr(err)
}
