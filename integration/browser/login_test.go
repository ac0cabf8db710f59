package browser

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/matryer/is"
)

func TestLogin_InARealBrowser(t *testing.T) {
	is := is.New(t)
	tab := open(t)
	url := start(t)

	do(t, tab, chromedp.Navigate(url), visible("#count"))
	is.Equal(len(cookies(t, tab)), 0) // a visitor who only looks gets no cookie
	do(t, tab, click("#increment"), visible("#count"))
	is.Equal(text(t, tab, "#count"), "1")
	before := cookies(t, tab)["__Host-id"]
	is.True(before != nil) // a Secure __Host- cookie, accepted over http://localhost

	is.True(before.HTTPOnly && before.Secure && before.Session)
	is.Equal(before.SameSite, network.CookieSameSiteLax)
	is.Equal(before.Path, "/")
	is.Equal(before.Domain, "localhost") // no leading dot: for this host only
	seen, err := chromedp.Run(tab, chromedp.Evaluate[string]("document.cookie"))
	is.NoErr(err)
	is.Equal(seen, "") // hidden from scripts

	login(t, tab, url, "somebody")
	is.Equal(text(t, tab, "#subject"), "somebody")
	is.Equal(text(t, tab, "#count"), "1") // the login keeps the data
	after := cookies(t, tab)["__Host-id"]
	is.True(after.Value != before.Value)
	is.True(after != nil)
}

func TestLogout_InOneTabEndsTheOther(t *testing.T) {
	is := is.New(t)
	tab := open(t)
	url := start(t)
	login(t, tab, url, "somebody")
	other := another(t, tab)
	do(t, other, chromedp.Navigate(url+"/devices"), visible(".cards"))

	do(t, tab, click("#logout"), visible("#login"))
	is.True(cookies(t, tab)["__Host-id"] == nil) // the browser has deleted it
	do(t, other, chromedp.Reload(), visible("#submit"))
	is.Equal(text(t, other, "h1"), "Sign in")
}

func TestLogout_TheBackButtonShowsNothingPrivate(t *testing.T) {
	is := is.New(t)
	tab := open(t)
	url := start(t)
	login(t, tab, url, "somebody")
	do(t, tab, chromedp.Navigate(url+"/devices"), visible(".cards"),
		click("#logout"), visible("#login"), chromedp.NavigateBack(), visible("h1"))
	is.Equal(text(t, tab, "h1"), "Sign in") // the old form is refused; a new one is shown
}

// A page whose session has ended in the meantime can't change anything.
func TestLogout_AnOldPageCanDoNothing(t *testing.T) {
	is := is.New(t)
	tab := open(t)
	url := start(t)
	login(t, tab, url, "somebody")
	other := another(t, tab)
	do(t, other, chromedp.Navigate(url), visible("#increment"))
	do(t, tab, click("#logout"), visible("#login"))
	do(t, other, click("#increment"), visible("#login"))
	is.Equal(text(t, other, "#count"), "1") // the count of a new anonymous session
}

// A user signed in on two browsers signs one of them out from the other, then all others. Another
// user stays signed in.
func TestDevices_OneBrowserSignsTheOtherOut(t *testing.T) {
	is := is.New(t)
	here, there, elsewhere := open(t), open(t), open(t)
	url := start(t)
	for _, tab := range []context.Context{here, there, elsewhere} {
		login(t, tab, url, "somebody")
	}
	devices := func(tab context.Context) []string {
		t.Helper()
		do(t, tab, chromedp.Navigate(url+"/devices"), visible("h1"))
		return strings.Split(text(t, tab, "main"), "signed in ")
	}
	is.Equal(len(devices(here)), 1+3)
	is.True(strings.Contains(text(t, here, "em"), "This device"))
	do(t, here, click(".end"), visible(".cards"))
	is.Equal(len(devices(here)), 1+2)
	do(t, here, click("#end-others"), visible(".cards"))
	is.Equal(len(devices(here)), 1+1)
	for _, tab := range []context.Context{there, elsewhere} {
		devices(tab)
		is.Equal(text(t, tab, "h1"), "Sign in")
	}
}

// The login form is submitted in two tabs and twice in one. The right password signs in, and one
// session is left.
func TestLogin_InTwoTabsAndTwice(t *testing.T) {
	is := is.New(t)
	tab := open(t)
	url := start(t)
	other := another(t, tab)
	fill := func(tab context.Context, name string) {
		t.Helper()
		do(t, tab, chromedp.SendKeys(chromedp.CSS("input[name=name]"), name), chromedp.SendKeys(chromedp.CSS("input[name=password]"), "demo"))
	}
	for _, page := range []context.Context{tab, other} {
		do(t, page, chromedp.Navigate(url+"/login"), visible("#submit"))
	}
	fill(tab, "ada")
	do(t, tab, eval(`const b = document.querySelector("#submit"); b.click(); b.click(); 1`), visible("#subject"), chromedp.Navigate(url+"/devices"), visible(".cards"))
	is.Equal(len(strings.Split(text(t, tab, "main"), "signed in ")), 1+1)
	fill(other, "bob") // the form was opened before the login
	do(t, other, click("#submit"), visible("#subject"))
	is.Equal(text(t, other, "#subject"), "bob")
	do(t, tab, chromedp.Navigate(url+"/"), visible("#subject"))
	is.Equal(text(t, tab, "#subject"), "bob") // the last login wins
}

// A login redirects only to this site, as this browser understands URLs.
func TestLogin_LeadsNowhereElse(t *testing.T) {
	tab := open(t)
	url := start(t)
	for _, next := range []string{"/%09/evil.example", "//evil.example", "/%5Cevil.example", "/%0A/evil.example", "https%3A%2F%2Fevil.example", "%09//evil.example", "/devices"} {
		t.Run(next, func(t *testing.T) {
			is := is.New(t)
			do(t, tab, chromedp.Navigate(url+"/login?next="+next), chromedp.SendKeys(chromedp.CSS("input[name=name]"), "ada"),
				chromedp.SendKeys(chromedp.CSS("input[name=password]"), "demo"), click("#submit"), visible("h1"))
			is.Equal(evaluate(t, tab, "location.origin"), url)
			is.Equal(evaluate(t, tab, "location.pathname"), map[bool]string{true: "/devices", false: "/"}[next == "/devices"])
		})
	}
}

func TestLogin_KeptWhenTheBrowserIsClosed(t *testing.T) {
	is := is.New(t)
	tab := open(t)
	url := start(t)
	login(t, tab, url, "ada")
	is.True(cookies(t, tab)["__Host-id"].Session)
	do(t, tab, chromedp.Navigate(url+"/login"), chromedp.SendKeys(chromedp.CSS("input[name=name]"), "ada"),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), "demo"), chromedp.Click(chromedp.CSS("input[name=keep]")), click("#submit"), visible("#subject"))
	is.True(!cookies(t, tab)["__Host-id"].Session)
}
