package main

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"
)

func TestClean(t *testing.T) {
	is := is.New(t)
	is.Equal(clean("Zoë 日本\n"), "Zoë 日本\n")
	is.Equal(clean("a\x1b[2Jb\u202ec\rd"), "a\ufffd[2Jb\ufffdc\ufffdd")
	is.Equal(text("a\nb"), "a b")
}

func TestDistance(t *testing.T) {
	is := is.New(t)
	for d, want := range map[time.Duration]string{
		0: "in 0s", 59 * time.Second: "in 59s", -90 * time.Second: "1m ago", 2*time.Hour + 5*time.Minute: "in 2h05m", -50 * time.Hour: "2d2h ago",
	} {
		is.Equal(distance(d), want)
	}
	is.Equal(moment(time.Time{}, time.Now()), "")
}

func TestNumbers(t *testing.T) {
	is := is.New(t)
	is.Equal(thousands(0), "0")
	is.Equal(thousands(999), "999")
	is.Equal(thousands(1234567), "1,234,567")
	is.Equal(bytesText(1023), "1023 bytes")
	is.Equal(bytesText(1536), "1.5 KB")
	is.Equal(bytesText(3<<30), "3.0 GB")
}

func TestHistogram(t *testing.T) {
	is := is.New(t)
	h := newHistogram(10, 20)
	for _, v := range []int64{0, 9, 10, 19, 20, 1000} {
		h.add(v)
	}
	is.Equal(h.Counts, []int64{2, 2, 2}) // below 10, below 20, and the rest
	g := newHistogram(10, 20)
	g.add(5)
	h.merge(g)
	is.Equal(h.Counts, []int64{3, 2, 2})
	var out bytes.Buffer
	h.print(&out, ageLabel)
	is.True(bytes.Contains(out.Bytes(), []byte("< 10s")))
	is.True(bytes.Contains(out.Bytes(), []byte("more")))
	newHistogram(1).print(&out, ageLabel) // an empty histogram is printed too
}

func TestBar(t *testing.T) {
	is := is.New(t)
	var out bytes.Buffer
	is.Equal(newBar(&out, 4).to, nil) // the buffer is not a terminal
	b := bar{&out, 4}
	b.show(1, 1000)
	b.end()
	is.Equal(out.String(), "\r[##########..............................]  25% 1,000 items \n")
	null, err := os.Open(os.DevNull)
	is.NoErr(err)
	defer null.Close()
	is.True(!isTerminal(null))
	if pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0); err == nil {
		defer pty.Close()
		is.True(isTerminal(pty))
	}
}

func TestItem_Kinds(t *testing.T) {
	is := is.New(t)
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	for want, items := range map[kind][]item{
		kindSession: {{"id": s("x"), "idle_timeout": s("mangled")}},
		kindMarker:  {{"id": s("x"), "ended": s("destroyed"), "accessed": s("")}},
		kindRoster:  {{"id": s("subject:x")}, {"id": s("subject:app:x:2")}, {"id": s("federated:x")}},
		kindOther:   {{"id": s("incident:not-before"), "idle_timeout": s("1")}, {"id": s("x"), "expires": s("1")}, {}},
	} {
		for _, it := range items {
			is.Equal(it.kind(), want)
			it.size() // no malformed item makes a method panic
			it.expires()
		}
	}
}

func TestReadable_OddData(t *testing.T) {
	is := is.New(t)
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	b := func(v string) types.AttributeValue { return &types.AttributeValueMemberB{Value: []byte(v)} }
	for _, tc := range []struct {
		it   item
		json string
		err  string
	}{
		{item{"data": s(`{"a":1}`), "format": s("v2+json")}, `{"a":1}`, ""},
		{item{"data": b("\x81\x01\xc3"), "format": s("v3+msgpack")}, `{"1":true}`, ""},
		{item{"data": b("abc"), "format": s("protobuf")}, `"YWJj"`, ""},
		{item{}, "", "is missing"},
		{item{"data": b("abc"), "format": s("aead+json")}, "", "is encrypted"},
		{item{"data": b("abc"), "format": s("v2+aead2+json")}, "", "is encrypted"},
		{item{"data": b("abc"), "format": s("zstd+json")}, "", "zstd"},
		{item{"data": b("\xc1"), "format": s("msgpack")}, "", "is not valid MessagePack"},
		{item{"data": &types.AttributeValueMemberM{}, "format": s("else")}, "", `format "else"`},
		{item{"data": &types.AttributeValueMemberNS{Value: []string{"1", "2"}}, "format": s("dynamodb")}, `[1,2]`, ""},
	} {
		got, _, err := readable(tc.it)
		is.Equal(string(got), tc.json)
		if tc.err == "" {
			is.NoErr(err)
		} else {
			is.True(err != nil && bytes.Contains([]byte(err.Error()), []byte(tc.err)))
		}
	}
}

func TestItem_ATimeoutLongerThanADurationIsTheLongest(t *testing.T) {
	is := is.New(t)
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	n := func(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
	at := s("2026-11-23T22:46:01+00:00")
	for _, seconds := range []string{"10000000000", "99999999999999999999"} {
		it := item{"created": at, "accessed": at, "idle_timeout": n(seconds), "absolute_timeout": n(seconds)}
		expires, _ := it.expires()
		is.Equal(expires.Year(), 2319)
		is.Equal(it.timeout("idle_timeout").String(), "2562047h47m16s")
	}
}
