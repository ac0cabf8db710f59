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
// It wraps any http.Handler: with chi it is r.Use(sess.Handler), with echo and gin it goes around
// the engine, http.ListenAndServe(addr, sess.Handler(engine)). docs/web.md has the order of
// middleware, login flows and streams.
//
// # What it does and when
//
// A request whose handler never asks for the session costs no store call and gets no cookie. The
// first Session loads it. Before the first byte of the response the session is saved if it has
// changed, and the cookie is set if it has to change: so no response claims a change that was not
// stored. If the save fails, Config.Error writes the response, and the handler's output is
// discarded. For a visitor whose session stays empty, nothing is stored and no cookie is set.
//
// Call Authenticate at login, Destroy at logout, and Renew at any other change of privileges.
//
// Changes after the first byte (or after a Flush or Hijack) are not saved automatically: call Save
// or Update, and check the error. A new ID can't be sent then, so methods that need one return
// ErrCommitted.
//
// # Whose cookie it is
//
// A browser's tabs, its concurrent requests and other applications on the host share its cookies.
// So only Destroy deletes the cookie, and a new session replaces it only if no live session belongs
// to it: see [ErrCookieKept] for what is refused instead. A login always replaces it.
//
// # What is not saved
//
// If the client hangs up, its changes are saved all the same. Changes of a handler that did not
// complete are not saved: if it panics, if the response is a 500, if a deferred call writes it during
// a panic (the end of a compressed body, or a status other than 2xx), if an http.TimeoutHandler has
// responded for it, or after Discard. A Save that has returned nil is not undone.
//
// # Hijack and WebSockets
//
// The session is saved before a Hijack, and not automatically after it. If a library writes the
// handshake's header itself and the cookie may be new, call Save and pass it the cookie from
// w.Header(). WaitEnd ends a stream with its session.
//
// # Cross-site requests
//
// The cookie's SameSite attribute alone is not enough. Put [http.CrossOriginProtection] around the
// handler, and don't change anything on GET: that protection always lets GET, HEAD and OPTIONS
// pass, and therefore WebSocket handshakes, whose Origin the application has to check; it lets
// requests pass that have neither Sec-Fetch-Site nor Origin, as from an old browser; and it
// compares Origin with Host without the scheme. For proof in the request's content, as NIST SP
// 800-63B requires, put [Middleware.Token] into forms and check it with [Middleware.Verify].
package web
