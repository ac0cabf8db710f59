package item

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/codec"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions/driver"
)

func TestNames_AreAllThereAndDiffer(t *testing.T) {
	is := is.New(t)
	seen := map[string]bool{}
	for _, name := range names {
		is.True(name != "")
		is.True(!seen[name])
		seen[name] = true
	}
	for _, name := range []string{Ended, next, mark} { // the attributes of markers only
		is.True(!seen[name])
	}
}

func TestRow_HasNoAttributeForWhatIsNil(t *testing.T) {
	is := is.New(t)
	r := &Row{id: Text("k"), rev: Text("r")}
	is.Equal(r.Item(), Item{"id": Text("k"), "rev": Text("r")})
}

func TestRow_SizeCountsNames(t *testing.T) {
	is := is.New(t)
	is.Equal((&Row{id: Text("key"), data: Text(strings.Repeat("x", 1000))}).size(), 2+3+4+1000)
}

// A Replace sets or removes each attribute except the key and the binding, so that nothing of the
// former record stays.
func TestRow_ReplaceWritesEveryAttribute(t *testing.T) {
	is := is.New(t)
	for _, r := range []*Row{{id: Text("k"), rev: Text("r"), binding: &types.AttributeValueMemberB{Value: []byte{1}}}, {id: Text("k"), data: Text("1")}} {
		expression, nameOf, values := r.Replace()
		for a, name := range names {
			switch {
			case !attr(a).isReplaced():
				is.True(!strings.Contains(*expression, "#"+name+" ") && !strings.Contains(*expression, "#"+name+","))
				is.Equal(nameOf["#"+name], "")
			case r[a] != nil:
				is.True(strings.Contains(*expression, "#"+name+" = :"+name))
				is.Equal(values[":"+name], r[a])
			default:
				_, removed, _ := strings.Cut(*expression, "REMOVE")
				is.True(strings.Contains(removed+",", " #"+name+","))
			}
		}
	}
}

// whole returns a record with every field.
func whole() driver.Record {
	at := time.Date(2026, 3, 1, 9, 0, 0, 123456000, time.UTC)
	return driver.Record{
		Key: "k", Payload: codec.Opaque("msgpack", []byte{0x81, 0xff}), Rev: "r", Subject: "s", Application: "shop", Federated: "iss sid",
		Device: driver.Device{Name: "Firefox", IP: "192.0.2.1"}, Persist: true, Binding: []byte{1, 2}, Page: 3, FederatedPage: -4,
		Created: at, Accessed: at.Add(time.Minute), IdleTimeout: 2 * time.Hour, AbsoluteTimeout: 12 * time.Hour,
	}
}

func TestRecord_ComesBackWhole(t *testing.T) {
	is := is.New(t)
	rec := whole()
	row, err := Encode(rec)
	is.NoErr(err)
	it := row.Item()
	is.Equal(len(it), int(attrs)) // whole has each attribute
	back, err := Record(it)
	is.NoErr(err)
	is.True(codec.Equal(back.Payload, rec.Payload))
	remains := Remains(it)
	is.True(codec.Equal(remains.Payload, rec.Payload))
	back.Payload, rec.Payload, remains.Payload = nil, nil, nil
	is.Equal(back, rec)
	is.Equal(remains, rec)
}

func TestIsOwnWrite_NeedsARev(t *testing.T) {
	is := is.New(t)
	is.True(IsOwnWrite(Item{"rev": Text("r")}, "r"))
	is.True(!IsOwnWrite(Item{"rev": Text("other")}, "r"))
	is.True(!IsOwnWrite(Item{"rev": Text("")}, "")) // no write has an empty rev
	is.True(!IsOwnWrite(Item{}, ""))
	is.True(!IsOwnWrite(nil, "r"))
	is.True(!IsOwnWrite(Item{"rev": Number("1")}, "1")) // mangled
}

// Remains leaves out the attributes of an ended record that it can't read, and returns the rest,
// such as its subject.
func TestRemains_OfAMangledRecord(t *testing.T) {
	is := is.New(t)
	row, err := Encode(whole())
	is.NoErr(err)
	it := row.Item()
	it["created"], it["data"] = Number("1"), &types.AttributeValueMemberNULL{Value: true}
	delete(it, "absolute_timeout")
	got := Remains(it)
	is.Equal(got.Subject, "s")
	is.Equal(got.Page, int64(3))
	is.Equal(got.Federated, "iss sid")
	is.Equal(got.Accessed, whole().Accessed)
	is.True(got.Created.IsZero())
	is.Equal(got.Payload, nil)
	is.Equal(Remains(nil), driver.Record{})
}

// Of several attributes that are wrong the error names the first, in the order in which they are
// read.
func TestRecord_TheErrorNamesTheFirstOfSeveral(t *testing.T) {
	is := is.New(t)
	row, err := Encode(whole())
	is.NoErr(err)
	it := row.Item()
	wrong := func(names ...string) string {
		for _, name := range names {
			it[name] = &types.AttributeValueMemberNULL{Value: true}
		}
		_, err := Record(it)
		wants.Err(t, err, driver.ErrDecode)
		return err.Error()
	}
	first := wrong("absolute_timeout")
	is.True(strings.Contains(first, `"absolute_timeout"`))
	both := wrong("created")
	is.True(strings.Contains(both, `"created"`))
	is.True(!strings.Contains(both, `"absolute_timeout"`))
}
