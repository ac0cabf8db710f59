package main

import (
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/dynasession/dynasession/sessions"
)

func (a *app) devices(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "devices", "")
}

// endDevice signs out one of the user's own devices.
func (a *app) endDevice(w http.ResponseWriter, r *http.Request) {
	err := a.sess.Revoke(r.Context(), r.PostFormValue("handle"))
	if err != nil && !errors.Is(err, sessions.ErrNotFound) { // one that is gone already is what was wanted
		a.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/devices", http.StatusSeeOther)
}

// endOthers signs out all of the user's devices but this one.
func (a *app) endOthers(w http.ResponseWriter, r *http.Request) {
	if _, err := a.sess.RevokeOthers(r.Context()); err != nil {
		a.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/devices", http.StatusSeeOther)
}

// device returns what the user will know this device by.
func device(r *http.Request) sessions.Device {
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		ip = ""
	}
	return sessions.Device{Name: browserOf(r.UserAgent()), IP: ip}
}

// browserOf tells the browser and the system of a User-Agent, as far as those who lie least do.
func browserOf(agent string) string {
	name := func(names ...string) string {
		for i := 0; i < len(names); i += 2 {
			if strings.Contains(agent, names[i]) {
				return names[i+1]
			}
		}
		return ""
	}
	browser := name("Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari", "curl/", "curl")
	system := name("Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "Mac OS", "macOS", "Linux", "Linux")
	switch {
	case browser == "":
		return "Unknown browser"
	case system == "":
		return browser
	}
	return browser + " on " + system
}
