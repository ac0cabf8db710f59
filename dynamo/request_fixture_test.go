package dynamo_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/sessions/driver"
)

// testRequest compares the one request of a call with a golden file, so that a change of its cost
// or condition shows in the diff. With UPDATE_GOLDEN=1 it writes the file.
func testRequest(t *testing.T, name string, call func(*dynamo.Store) error) {
	t.Helper()
	is := is.New(t)
	store, w := newStore(t, fine)
	is.NoErr(call(store))
	is.Equal(len(w.sent), 1) // one call
	got, err := json.MarshalIndent(map[string]any{w.sent[0].operation: w.sent[0].body}, "", "\t")
	is.NoErr(err)
	path := filepath.Join("testdata", "requests", name+".json")
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		is.NoErr(os.WriteFile(path, append(got, '\n'), 0o644))
	}
	want, err := os.ReadFile(path)
	is.NoErr(err)
	if string(want) != string(got)+"\n" {
		t.Errorf("%s differs:\n%s", path, got)
	}
}

// signedIn returns a record with every field that a signed-in session can have.
func signedIn() driver.Record {
	rec := record()
	rec.Subject, rec.Payload = "user-1", codec.Opaque("msgpack", []byte{0x81, 0xff})
	rec.Application, rec.Federated, rec.Device = "shop", "https://idp.example sid", driver.Device{Name: "Firefox", IP: "192.0.2.1"}
	rec.Persist, rec.Binding, rec.Page, rec.FederatedPage = true, []byte{1, 2}, 3, 4
	return rec
}
