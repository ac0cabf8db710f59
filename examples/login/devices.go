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

// endDevice signs one of the user's devices out.
func (a *app) endDevice(w http.ResponseWriter, r *http.Request) {
	err := a.sess.Revoke(r.Context(), r.PostFormValue("handle"))
	if err != nil && !errors.Is(err, sessions.ErrNotFound) { // if it has ended already, all is well
		a.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/devices", http.StatusSeeOther)
}

// endOthers signs out all the user's devices but this one.
func (a *app) endOthers(w http.ResponseWriter, r *http.Request) {
	if _, err := a.sess.RevokeOthers(r.Context()); err != nil {
		a.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/devices", http.StatusSeeOther)
}

// device returns the device that the user will see in the list.
func device(r *http.Request) sessions.Device {
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		ip = ""
	}
	return sessions.Device{Name: browserOf(r.UserAgent()), IP: ip}
}

// browserOf returns the browser and operating system that a User-Agent header claims.
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
