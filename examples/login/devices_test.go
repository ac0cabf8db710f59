package main

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/matryer/is"
)

func TestDevices_ListEndOneEndAllOthers(t *testing.T) {
	is := is.New(t)
	server, _, _ := serve(t)
	a, b, c := newBrowser(t, server).login("somebody"), newBrowser(t, server).login("somebody"), newBrowser(t, server).login("somebody")
	stranger := newBrowser(t, server).login("stranger")

	handles := regexp.MustCompile(`name="handle" value="([0-9a-f]{128})"`).FindAllStringSubmatch(a.open("/devices").page, -1)
	is.Equal(len(handles), 2) // the other two; this device has no button
	a.shows("This device")
	a.submit("/devices/end", "handle", handles[0][1])
	signedOut := func(b *browser) bool {
		return b.open("/devices").page != "" && regexp.MustCompile(`<h1>Sign in`).MatchString(b.page)
	}
	is.True(signedOut(b) != signedOut(c)) // one of them was signed out

	stranger.open("/devices").submit("/devices/end", "handle", handles[1][1])
	is.True(signedOut(b) != signedOut(c)) // another user's device can't be ended

	a.open("/devices").submit("/devices/end-others")
	is.True(signedOut(b) && signedOut(c) && !signedOut(a) && !signedOut(stranger))
}

func TestBrowserOf(t *testing.T) {
	is := is.New(t)
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0": "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1":   "Safari on iPhone",
		"curl/8.0": "curl", "": "Unknown browser",
	} {
		is.Equal(browserOf(agent), want)
	}
}

func TestDevice_HasNoIPIfThereIsNone(t *testing.T) {
	is := is.New(t)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	is.Equal(device(r).IP, "192.0.2.1")
	r.RemoteAddr = "@"
	is.Equal(device(r).IP, "")
}
