package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
)

const (
	clientIP  = "203.0.113.7"
	userAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
)

// A browser calls the function and keeps the cookies that its responses set.
type browser struct {
	f       *function
	event   func(method, path, body string, cookies []string) any
	cookies map[string]string
}

// gatewayEvent returns the event that an HTTP API sends, payload format 2.0.
func gatewayEvent(method, path, body string, cookies []string) any {
	const host = "abc123.execute-api.eu-west-1.amazonaws.com"
	return events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "$default", RawPath: path, Body: body, Cookies: cookies, Headers: headers(host, method),
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "$default", Stage: "$default", DomainName: host,
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: path, Protocol: "HTTP/1.1", SourceIP: clientIP, UserAgent: userAgent},
		},
	}
}

// urlEvent returns the event that a function URL sends.
func urlEvent(method, path, body string, cookies []string) any {
	const host = "abc123.lambda-url.eu-west-1.on.aws"
	return events.LambdaFunctionURLRequest{
		Version: "2.0", RawPath: path, Body: body, Cookies: cookies, Headers: headers(host, method),
		RequestContext: events.LambdaFunctionURLRequestContext{
			DomainName: host,
			HTTP:       events.LambdaFunctionURLRequestContextHTTPDescription{Method: method, Path: path, Protocol: "HTTP/1.1", SourceIP: clientIP, UserAgent: userAgent},
		},
	}
}

// headers returns a browser's headers, and an X-Forwarded-For that the client has forged.
func headers(host, method string) map[string]string {
	h := map[string]string{"host": host, "user-agent": userAgent, "x-forwarded-for": "198.51.100.66", "x-forwarded-proto": "https"}
	if method == http.MethodPost {
		h["content-type"] = "application/x-www-form-urlencoded"
		h["origin"], h["sec-fetch-site"] = "https://"+host, "same-origin"
	}
	return h
}

func (b *browser) do(method, path string, form url.Values) events.APIGatewayV2HTTPResponse {
	b.f.t.Helper()
	var sent []string
	for name, value := range b.cookies {
		sent = append(sent, name+"="+value)
	}
	var answer events.APIGatewayV2HTTPResponse
	b.f.invoke(b.event(method, path, form.Encode(), sent), &answer)
	for name := range answer.Headers {
		if strings.EqualFold(name, "Set-Cookie") {
			b.f.t.Fatal("a cookie among the headers, of which several would be one")
		}
	}
	for _, text := range answer.Cookies {
		c, err := http.ParseSetCookie(text)
		if err != nil {
			b.f.t.Fatal("not a valid cookie")
		}
		if b.cookies == nil {
			b.cookies = map[string]string{}
		}
		b.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return answer
}

var ada = url.Values{"name": {"ada"}, "password": {password}}

func TestFunction_LoginAndLogout(t *testing.T) {
	table := engine.NewTable(t)
	f := start(t, table, engine.Endpoint(t))
	for source, event := range map[string]func(method, path, body string, cookies []string) any{
		"API Gateway": gatewayEvent, "function URL": urlEvent,
	} {
		t.Run(source, func(t *testing.T) {
			is := is.New(t)
			b := &browser{f: &function{t: t, url: f.url, log: f.log}, event: event}
			before := engine.Count(t, table)

			a := b.do("GET", "/", nil)
			is.Equal(a.StatusCode, http.StatusOK)
			is.Equal(a.Body, "Hello, stranger. You have counted to 0.\n")
			is.Equal(len(a.Cookies), 0)              // a visitor who only looks gets no cookie
			is.Equal(engine.Count(t, table), before) // and no session is stored
			is.Equal(b.do("GET", "/devices", nil).StatusCode, http.StatusUnauthorized)

			a = b.do("POST", "/count", nil)
			is.Equal(a.StatusCode, http.StatusSeeOther)
			is.Equal(len(a.Cookies), 1)
			visitorID := b.cookies["__Host-id"]

			a = b.do("POST", "/login", url.Values{"name": {"ada"}, "password": {"wrong"}})
			is.Equal(a.StatusCode, http.StatusUnauthorized)

			a = b.do("POST", "/login", ada)
			is.Equal(a.StatusCode, http.StatusSeeOther)
			is.Equal(len(a.Cookies), 1)
			for _, attribute := range []string{"__Host-id=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
				is.True(strings.Contains(a.Cookies[0], attribute))
			}
			is.True(b.cookies["__Host-id"] != visitorID) // the login makes a new ID
			is.Equal(b.do("GET", "/", nil).Body, "Hello, ada. You have counted to 1.\n")

			a = b.do("GET", "/devices", nil)
			is.Equal(a.Body, userAgent+", "+clientIP+", current: true\n") // from the event

			id := b.cookies["__Host-id"]
			a = b.do("POST", "/logout", nil)
			is.Equal(a.StatusCode, http.StatusSeeOther)
			is.Equal(len(b.cookies), 0) // the cookie was deleted
			b.cookies = map[string]string{"__Host-id": id}
			body := b.do("GET", "/", nil).Body
			is.Equal(body, "Hello, stranger. You have counted to 0.\n") // ended on the server too
		})
	}
	if strings.Contains(f.log.String(), "__Host-id=") {
		t.Fatal("a cookie in the log")
	}
}

// Lambda freezes a process between events, often for minutes. When the process resumes, its
// connections are dead and neither end has been notified. This test kills them while the process is
// stopped.
func TestFunction_AnswersAfterAFrozenMinute(t *testing.T) {
	is := is.New(t)
	network := newNetwork(t, strings.TrimPrefix(engine.Endpoint(t), "http://"))
	b := &browser{f: start(t, engine.NewTable(t), network.URL), event: gatewayEvent}
	is.Equal(b.do("POST", "/login", ada).StatusCode, http.StatusSeeOther)

	b.f.freeze(func() { is.True(network.kill() > 0) })
	a := b.do("GET", "/", nil)
	is.Equal(a.StatusCode, http.StatusOK)
	is.Equal(a.Body, "Hello, ada. You have counted to 0.\n")
	dialed := network.connections()
	is.True(dialed >= 2) // over a new connection

	b.f.freeze(func() { network.kill() })
	is.Equal(b.do("POST", "/count", nil).StatusCode, http.StatusSeeOther) // writes work too
	is.Equal(b.do("GET", "/", nil).Body, "Hello, ada. You have counted to 1.\n")
}
