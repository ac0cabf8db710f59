package sessions_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

func TestRandomIDsAreUniqueAndParse(t *testing.T) {
	is := is.New(t)
	for _, size := range []int{16, 17, 18, 32, 64, 1024} {
		scheme := sessions.RandomIDs(size)
		seen := map[string]bool{}
		for range 200 {
			id := scheme.New()
			text := id.Secret()
			is.True(!seen[text]) // never the same twice
			seen[text] = true
			b, err := base64.RawURLEncoding.DecodeString(text)
			is.NoErr(err)
			is.Equal(len(b), size) // size random bytes

			back, err := scheme.Parse(text)
			is.NoErr(err)
			is.Equal(back, id)
			is.Equal(scheme.Key(id), id.Handle()) // the key is the handle
		}
	}
}

// Each bit of an ID is 1 about half of the time. With 4000 IDs the bounds are 6 standard deviations
// away.
func TestRandomIDsUseEveryBit(t *testing.T) {
	const n, size = 4000, 16
	var ones [size * 8]int
	for range n {
		b, err := base64.RawURLEncoding.DecodeString(sessions.RandomIDs(size).New().Secret())
		if err != nil {
			t.Fatal(err)
		}
		for i := range ones {
			ones[i] += int(b[i/8]>>(i%8)) & 1
		}
	}
	for i, count := range ones {
		if count < n/2-190 || count > n/2+190 {
			t.Errorf("bit %d is 1 in %d of %d IDs", i, count, n)
		}
	}
}

func TestRandomIDsRefuseWhatTheyNeverMade(t *testing.T) {
	is := is.New(t)
	scheme := sessions.RandomIDs(32)
	good := scheme.New().Secret()
	for name, text := range map[string]string{
		"empty":               "",
		"too short":           good[:42],
		"too long":            good + "A",
		"far too long":        strings.Repeat("A", 1<<20),
		"quoted":              `"` + good + `"`,
		"quoted to length":    `"` + good[:41] + `"`,
		"a space":             " " + good[1:],
		"padded":              good + "=",
		"the other base64":    strings.Repeat("+/", 21) + "A",
		"a line break":        good[:20] + "\n" + good[21:],
		"a trailing break":    good + "\r\n",
		"a null byte":         good[:42] + "\x00",
		"not ASCII":           good[:41] + "é",
		"a handle":            scheme.New().Handle(),
		"spare bits set":      strings.Repeat("A", 42) + "B",
		"of another size":     sessions.RandomIDs(33).New().Secret(),
		"hex":                 strings.Repeat("0f", 32),
		"signed":              sessions.SignedIDs(32, make([]byte, 16)).New().Secret(),
		"four-byte character": good[:39] + "😀",
	} {
		id, err := scheme.Parse(text)
		wants.Err(t, err, sessions.ErrInvalidID) // refused
		is.Equal(id, sessions.ID{})              // the zero ID
		if len(text) > 8 && strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error repeats what the client sent", name)
		}
	}
}

func TestRandomIDsOfWrongSizeNeverWork(t *testing.T) {
	is := is.New(t)
	for _, size := range []int{-1, 0, 1, 8, 15, 1025} {
		scheme := sessions.RandomIDs(size)
		is.Equal(scheme.New(), sessions.ID{}) // no weak ID
		_, err := scheme.Parse(strings.Repeat("A", 20))
		wants.Err(t, err, sessions.ErrInvalidID)
		_, err = scheme.Parse("")
		wants.Err(t, err, sessions.ErrInvalidID)
	}
}

func FuzzRandomIDsParse(f *testing.F) {
	scheme := sessions.RandomIDs(16)
	f.Add(scheme.New().Secret())
	f.Add("")
	f.Add("AAAAAAAAAAAAAAAAAAAAAB")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := scheme.Parse(text)
		if err != nil {
			if !errors.Is(err, sessions.ErrInvalidID) || id != (sessions.ID{}) {
				t.Fatalf("refused with %v and the ID %v", err, id)
			}
			return
		}
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(b) != 16 || base64.RawURLEncoding.EncodeToString(b) != text {
			t.Fatalf("accepted %q, which New can't have made", text)
		}
	})
}
