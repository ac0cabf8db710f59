// Package sessions keeps typed sessions on the server: each session of a service's users holds a
// struct that the application defines, checked at compile time.
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
// Package web does this for net/http: it handles cookies, saves before the first byte of the
// response, and makes anti-forgery tokens.
//
// # Timeouts
//
// A session expires at the earlier of two deadlines, checked at every read: the idle timeout after
// its last access, and the absolute timeout after its creation. It is alive until the second before
// its deadline, and dead at the deadline. An access is recorded at most once in
// Config.TouchInterval, so most reads write nothing. A session may have its own timeouts.
//
// # Logins, devices and logouts
//
// [Manager.Authenticate] binds a session to a subject, the user, and gives it a new ID. Then
// [Manager.Sessions] lists the user's sessions, [Manager.Revoke] ends one of them,
// [Manager.RevokeAll] all of them, and [SubjectLimit] caps them. [Manager.RevokeFederated] ends
// those that came from one session of an identity provider, and [Manager.RevokeBefore] ends all
// users' sessions that began before a given time.
//
// A session that has ended stays ended. A marker takes the record's place for half an hour, so
// neither a request that is slower than the logout nor a write that the network delivers late
// brings a session back. docs/protocol.md goes through the cases.
//
// # Conflicts
//
// Every write is conditional on the session's being as it was loaded. When another request has
// changed the session since it was loaded, Save merges the two field by field, by [MergeFields]: it
// takes what only one side changed, and returns [ErrConflict] if both changed a field differently.
// Config.Merge replaces that rule, [NoMerge] never merges, [Flash] holds messages that are shown
// once, and [Manager.Update] repeats a change instead.
//
// # Deploys
//
// While a deploy rolls, two binaries with two versions of T work on one table. A read writes
// nothing: a session has changed only if the application changed it. A binary's writes keep the
// stored fields that its T doesn't have. codec.Upgrade, codec.Migrate and codec.Version read what
// another version has written. docs/evolving.md has the steps for each kind of change.
//
// # Events, encryption, IDs
//
// Config.Observer receives an event per operation, see package event. Config.AEAD encrypts the
// data. The ID is a bearer secret of 256 random bits by default; the store, logs and errors see
// only its hash: see [ID].
//
// If the store fails, the error is [ErrUnavailable]; the Manager never returns an empty or new
// session in its place.
package sessions
