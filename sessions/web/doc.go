// Package web brings sessions to net/http: a middleware that loads a request's session by its
// cookie and writes changes and cookie back.
//
//	sess, err := web.New(manager, nil)
//	http.ListenAndServe(addr, sess.Handler(mux))
//
//	func visit(w http.ResponseWriter, r *http.Request) {
//		s, err := sess.Session(r.Context()) // loads it now, once per request; a new one if the client has none
//		if err != nil { ... }               // the store can't be asked: this is not an anonymous visitor
//		s.Data.Visits++                     // saved before the first byte of the answer
//	}
//
// It wraps any http.Handler: with chi it is r.Use(sess.Handler), with echo
// e.Use(echo.WrapMiddleware(sess.Handler)), with gin it goes around the engine,
// http.ListenAndServe(addr, sess.Handler(engine)). docs/web.md has the order of middleware, login
// flows and streams.
//
// # What it does and when
//
// A request whose handler never asks for the session costs no store call and gets no cookie. The
// first Session loads it. Before the first byte of the answer the session is saved if it has
// changed, and the cookie is set if the client has to know something new: so no client gets an
// answer about something that was not stored. If the save fails, Config.Error answers, and what the
// handler writes is thrown away. A visitor whose session stays empty gets no item and no cookie.
//
// Authenticate at login, Destroy at logout, Renew at any other change of what the session may do.
//
// What a handler changes after the first byte (or after a Flush or Hijack) is not saved by itself:
// call Save or Update, and look at the error. A new ID can't be sent any more then, so what needs
// one is ErrCommitted.
//
// # Whose cookie it is
//
// The browser's cookies are shared by its tabs, by requests that overtake each other, and by other
// applications on the host. So only Destroy deletes the cookie, and a new session replaces it only
// if it was nobody's any more: see [ErrCookieKept] for what is refused instead. A login always
// holds.
//
// # What is not saved
//
// A client that hangs up loses nothing. Nothing that a handler has left half done is saved: if it
// panics, if the answer is a 500, if an http.TimeoutHandler has answered for it, or after Discard.
// What Save has returned nil for is stored.
//
// # Hijack and WebSockets
//
// The session is saved before the connection is given away, and never after. A library that writes
// the handshake's header itself has to be handed the cookie, if there may be a new one: w.Header()
// holds it after Save. WaitEnd ends a stream with its session.
//
// # Cross-site requests
//
// The cookie's SameSite is one line of defence and not enough. Put [http.CrossOriginProtection]
// around the handler, and don't change anything on GET: that protection always lets GET, HEAD and
// OPTIONS pass, and so WebSocket handshakes too, whose Origin the application has to check; it lets
// a request pass that has neither Sec-Fetch-Site nor Origin, as from an old browser; and it
// compares Origin with Host without the scheme. For proof in the request's content itself, as NIST
// SP 800-63B words it, put [Middleware.Token] into forms and check it by [Middleware.Verify].
package web
