package dynamo

import (
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestColumns_AreNamedAlike(t *testing.T) {
	is := is.New(t)
	for c := range columns {
		is.Equal(columnRef[c], "#"+columnName[c])
		is.Equal(columnValue[c], ":"+columnName[c])
	}
}

func TestRow_HasNoAttributeForWhatIsNil(t *testing.T) {
	is := is.New(t)
	r := &row{colID: text("k"), colRev: text("r")}
	is.Equal(r.item(), item{"id": text("k"), "rev": text("r")})
}

func TestRow_ReadsWhatIsOurs(t *testing.T) {
	is := is.New(t)
	it := item{"something_else": text("x"), "": text("x"), "#id": text("x")}
	var want row
	for c := range columns {
		it[columnName[c]] = text(columnName[c])
		want[c] = it[columnName[c]]
	}
	var got row
	got.read(it)
	is.Equal(got, want) // each in its column, and nothing else
}

func TestRow_SizeCountsNames(t *testing.T) {
	is := is.New(t)
	is.Equal((&row{colID: text("key"), colData: text(strings.Repeat("x", 1000))}).size(), 2+3+4+1000)
}
