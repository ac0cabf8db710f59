package main

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"github.com/dynasession/dynasession/sessions"
)

//go:embed pages
var pages embed.FS

var templates = template.Must(template.ParseFS(pages, "pages/*.html"))

// view is the data of a page.
type view struct {
	Page, Message  string
	Subject, Since string
	Count          int
	Flash          []string // messages of earlier requests, shown once
	Next           string   // the path to go to after the login
	Token          string
	Devices        []sessions.Info
}

// show writes a page. It renders the whole page before it sends anything.
func (a *app) show(w http.ResponseWriter, r *http.Request, status int, page, message string) {
	v := view{Page: page, Message: message}
	if s, err := a.sess.Session(r.Context()); err == nil {
		v.Subject, v.Count = s.Subject(), s.Data.Count
		v.Since = s.CreatedAt().Format("2 January 2006, 15:04 MST")
		if r.Method == http.MethodGet {
			v.Flash = s.Data.Flash.Take()
		}
		if page == "login" || v.Subject != "" { // a visitor who only looks gets no cookie
			v.Token, _ = a.sess.Token(r.Context()) // without a token the form would be refused
		}
	}
	if page == "login" {
		v.Next = r.FormValue("next")
	}
	if page == "devices" {
		var err error
		if v.Devices, err = a.sess.Sessions(r.Context()); err != nil {
			a.fail(w, r, err)
			return
		}
	}
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, "layout.html", v); err != nil {
		http.Error(w, "This page can't be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w)
}
