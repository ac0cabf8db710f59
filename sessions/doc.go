// Package sessions keeps the sessions of a service's users on the server, typed: a struct of the
// application's own travels with each session, checked at compile time.
//
// # A first session
//
// A [Manager] keeps sessions in a [Store]: package dynamo has the one for DynamoDB, package
// memstore one in memory.
//
//	m, err := sessions.New[Cart](memstore.New(nil), nil)
//	s, err := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}}) // s.ID().Secret() goes to the client, nowhere else
//	s, err = m.Load(ctx, cookie.Value)                           // errors.Is(err, sessions.ErrNotFound): no such session
//	s.Data.Items = append(s.Data.Items, "cups")
//	err = m.Save(ctx, s)
//	err = m.Destroy(ctx, s)
//
// Package web does this for net/http: cookies, commits before the first byte, anti-forgery tokens.
//
// # Timeouts
//
// A session ends by itself at two deadlines, judged at every read: the idle timeout after its last
// access, and the absolute timeout after its creation. Both are alive in the last second before,
// and dead at the deadline. The access is recorded once in Config.TouchInterval, so that most reads
// write nothing. A session may have timeouts of its own.
//
// # Logins, devices and logouts
//
// [Manager.Authenticate] binds a session to a subject, the user, and gives it a new ID. Then
// [Manager.Sessions] lists the user's sessions, [Manager.Revoke] ends one of them,
// [Manager.RevokeAll] all of them, and [SubjectLimit] caps them. [Manager.RevokeFederated] ends
// those that came from one session of an identity provider, and [Manager.RevokeBefore] everybody's
// that are older than a moment.
//
// What has ended stays ended. A marker takes the record's place for half an hour, so neither a
// request that is slower than the logout nor a write that the network delivers late brings a
// session back. docs/protocol.md goes through the cases.
//
// # Conflicts
//
// Every write is conditional. When another request has changed the session since it was loaded,
// Save merges the two field by field, by [MergeFields]: what one side changed is taken, and what
// both changed differently is [ErrConflict]. Config.Merge decides otherwise, [NoMerge] never
// merges, [Flash] holds messages that are shown once, and [Manager.Update] repeats a change
// instead.
//
// # Deploys
//
// While a deploy rolls, two binaries with two versions of T work on one table. A read writes
// nothing: a session has changed only if the application changed it. What a binary's T has no field
// for survives its writes. codec.Upgrade, codec.Migrate and codec.Version read what another version
// has written. docs/evolving.md has the steps of each kind of change.
//
// # Events, encryption, IDs
//
// Config.Observer receives an event per operation, see package event. Config.AEAD encrypts the
// data. The ID is a bearer secret of 256 random bits by default; the store sees its hash alone, and
// so do logs and errors: see [ID].
//
// A store that fails is an error, [ErrUnavailable], never an empty session and never a new one.
package sessions
