package sessions_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/dynasession/dynasession/sessions"
)

// Parse accepts a text from a client only if the scheme could have made exactly this ID.
func FuzzIDs_Parse(f *testing.F) {
	signed := sessions.SignedIDs(32, []byte("0123456789abcdef"))
	for _, seed := range []string{"", "x", sessions.RandomIDs(32).New().Secret(), signed.New().Secret(), strings.Repeat("A", 43), strings.Repeat("=", 44), "\x00\xff"} {
		f.Add(seed)
	}
	schemes := []sessions.IDScheme{
		sessions.RandomIDs(32), signed, sessions.MigrateIDs(sessions.RandomIDs(33), plainIDs{sessions.RandomIDs(32)}),
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, scheme := range schemes {
			id, err := scheme.Parse(text)
			if err != nil {
				if !errors.Is(err, sessions.ErrInvalidID) {
					t.Errorf("%v is no ErrInvalidID", err)
				}
				if len(text) > 3 && strings.Contains(err.Error(), text) {
					t.Error("the error repeats what was sent")
				}
				continue
			}
			if id.Secret() != text || len(scheme.Key(id)) < 43 {
				t.Error("an ID is not what was sent")
			}
			value, _, _ := strings.Cut(text, ".")
			if b, err := base64.RawURLEncoding.Strict().DecodeString(value); err != nil || base64.RawURLEncoding.EncodeToString(b) != value {
				t.Error("an ID is not what its bytes are written as")
			}
		}
	})
}
