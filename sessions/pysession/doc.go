// Package pysession shares live sessions with Python's dynamodb-session-web: a Go service and a
// Python service serve the same signed-in users from the same table, and a team moves a service at
// a time without signing anyone out.
//
//	store, err := dynamo.Open(ctx, &dynamo.OpenConfig{Table: "app_session"}) // the table that Python uses, as it is
//	cfg := pysession.Config[MyData](pysession.Options{Keys: []string{"secret-key"}})
//	m, err := sessions.New(store, cfg)
//
// MyData is what Python's data class serialises, as JSON; for its default, a dict, that is
// map[string]any.
//
// # What is given up
//
// Against the default of this module:
//
//   - The table's key is the ID itself. Who can read the table, or a log of its keys, can sign in
//     as anyone in it.
//   - Python's writes know no revisions and no conditions: against Python the last writer wins, and
//     a request of Python's that is slower than a logout brings the session back. Between Go
//     services both are as strict as ever.
//   - Signatures are HMAC-SHA1, as itsdangerous makes them.
//   - A subject, a device and revisions are attributes that Python leaves alone and knows nothing
//     of: a session that Python clears stays in its subject's list until it is looked at, and one
//     that Python saves after Go has revoked it is back.
//
// What doesn't come along: Python's touch of a session that Go has just destroyed leaves an item
// without data; here that is no session, and every later Load says so.
//
// # Leaving
//
// With Options.Migrate, IDs that Python has made are still taken, and new ones are this module's
// own, under a hashed key: package web renews a session at its first use; without it, ask
// [sessions.Manager.Outdated] and Renew. Do so when the last Python service is gone, since Python
// can't read the new ones; when the absolute timeout has passed, drop this package.
//
// # What there was, and what there is
//
//	dynamodb-session-web                  here                                    difference
//	--------------------                  ----                                    ----------
//	SessionManager(SessionInstance)       sessions.New(store, cfg)                typed; the error names what is wrong
//	create()                              Manager.Create                          none: nothing is stored
//	create(), save()                      Manager.CreateAndSave                   never overwrites
//	load(id)                              Manager.Load                            writes once in TouchInterval, not at every load
//	save(session)                         Manager.Save                            no write if nothing changed; never revives; tells of conflicts
//	clear(id)                             Manager.DestroyID                       the ID is checked first
//	sid_byte_length                       Options.Bytes                           at least 16
//	sid_keys                              Options.Keys                            none: the last signs, all verify
//	IDs made by the library only          the same                                none
//	loggable_sid()                        ID.Handle, Session.Handle             none: the same string
//	idle_timeout_seconds (manager)        Options.IdleTimeout                     a time.Duration of whole seconds
//	absolute_timeout_seconds (manager)    Options.AbsoluteTimeout                 likewise
//	idle_timeout_seconds (session)        Session.IdleTimeout                     stored with it, likewise
//	absolute_timeout_seconds (session)    Session.AbsoluteTimeout                 likewise
//	null session                          Manager.LoadOrCreate                    a new one under a new ID
//	SessionNotFoundError                  sessions.ErrNotFound, in *Error         carries the loggable ID only, too
//	SessionDictInstance                   sessions.New[map[string]any]            numbers beyond float64 are json.Number
//	custom data class                     any struct, or a codec.Codec            checked at compile time
//	table_name                            dynamo.OpenConfig.Table                 none
//	endpoint_url, region_name             dynamo.OpenConfig.Endpoint, Region      none; or a client of one's own
package pysession
