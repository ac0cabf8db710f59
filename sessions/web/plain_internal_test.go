package web

import (
	"net/http"
	"testing"

	"pgregory.net/rapid"
)

// plainCookie and net/http read the same from any Cookie header.
func TestPlainCookie_ReadsAsNetHTTPDoes(t *testing.T) {
	part := rapid.SampledFrom([]string{
		"__Host-id", "__Host-id-form-ab", "x__Host-id", "other", "=", ";", "; ", " ", "\t", ",", `"`, "abc-_.9", "a b", "é", "\x00", "",
	})
	rapid.Check(t, func(t *rapid.T) {
		r := &http.Request{Header: http.Header{}}
		for range rapid.IntRange(0, 2).Draw(t, "lines") {
			line := ""
			for _, p := range rapid.SliceOfN(part, 0, 12).Draw(t, "parts") {
				line += p
			}
			r.Header["Cookie"] = append(r.Header["Cookie"], line)
		}
		v := &visit[int]{request: r}
		value, ok := v.plainCookie("__Host-id")
		if !ok {
			return
		}
		cookies := r.CookiesNamed("__Host-id")
		switch {
		case value == "" && len(cookies) == 0:
		case len(cookies) == 1 && cookies[0].Value == value && value != "" && !cookies[0].Quoted:
		default:
			t.Fatalf("%q: %q, where net/http has %v", r.Header["Cookie"], value, cookies)
		}
	})
}
