// Package pysession shares live sessions with Python's dynamodb-session-web: a Go service and a
// Python service serve the same signed-in users from the same table, and a team moves a service at
// a time without signing anyone out.
//
//	store, err := dynamo.Open(ctx, &dynamo.OpenConfig{Table: "app_session"}) // the table that Python uses
//	cfg := pysession.Config[MyData](pysession.Options{Keys: []string{"secret-key"}})
//	m, err := sessions.New(store, cfg)
//
// MyData is the Go type for the JSON of Python's data class; for its default, a dict, use
// map[string]any.
//
// # What is given up
//
// Compared with this module's defaults:
//
//   - The table's key is the ID itself. Anyone who can read the table, or a log of its keys, can
//     sign in as any of its users.
//   - Python's writes are unconditional: against Python the last writer wins, and a Python request
//     that is slower than a logout brings the session back. Between Go services neither happens.
//   - Signatures are HMAC-SHA1, as itsdangerous makes them.
//   - Python writes NaN, infinities and halves of surrogate pairs, which JSON doesn't have. Load
//     returns ErrDecode for a session with one of them anywhere in its data, and leaves it as it is.
//   - In a map[string]any Python's 1.0 is a float64. When Go has saved the session, it is 1, and
//     Python reads an int. A float field of Go has the same effect.
//   - A timeout of more than 292 years is one of 292 years: a time.Duration has no more.
//   - Python ignores the attributes of subject, device and revision: a session that Python clears
//     stays in its subject's list until the list is read, and one that Python saves after Go has
//     revoked it is alive again.
//
// If Python touches a session that Go has just destroyed, it leaves an item without data; Load
// returns ErrNotFound for it.
//
// # Leaving
//
// With Options.Migrate, IDs that Python has made are still accepted, and new ones have this
// module's own form, stored under a hashed key. Package web renews a browser's session when it
// loads a page; without package web, call [sessions.Manager.NeedsRenewal] and Renew. Set it when
// the last Python service is gone, since Python can't read the new sessions, and every host of the
// service has Options.AcceptMigrated; when the absolute timeout has passed, stop using this
// package.
//
// # What there was, and what there is
//
//	dynamodb-session-web                  here                                    difference
//	--------------------                  ----                                    ----------
//	SessionManager(SessionInstance)       sessions.New(store, cfg)                typed; the error names what is wrong
//	create()                              Manager.Create                          none: nothing is stored
//	create(), save()                      Manager.CreateAndSave                   never overwrites
//	load(id)                              Manager.Load                            writes once in TouchInterval, not at every load
//	save(session)                         Manager.Save                            no write if nothing changed; never revives; reports conflicts
//	clear(id)                             Manager.DestroyID                       the ID is checked first
//	sid_byte_length                       Options.Bytes                           at least 16
//	sid_keys                              Options.Keys                            none: the last signs, all verify
//	IDs made by the library only          the same                                none
//	loggable_sid()                        ID.Handle, Session.Handle               none: the same string
//	idle_timeout_seconds (manager)        Options.IdleTimeout                     a time.Duration of whole seconds
//	absolute_timeout_seconds (manager)    Options.AbsoluteTimeout                 likewise
//	idle_timeout_seconds (session)        Session.IdleTimeout                     stored with it, likewise
//	absolute_timeout_seconds (session)    Session.AbsoluteTimeout                 likewise
//	null session                          Manager.LoadOrCreate                    a new one under a new ID
//	SessionNotFoundError                  sessions.ErrNotFound, in *Error         carries the loggable ID only, too
//	SessionDictInstance                   sessions.New[map[string]any]            numbers beyond float64 are json.Number
//	custom data class                     any struct, or a codec.Codec            checked at compile time
//	table_name                            dynamo.OpenConfig.Table                 none
//	endpoint_url, region_name             dynamo.OpenConfig.Endpoint, Region      none; or your own client
package pysession
