// Package sessions keeps the sessions of a service's users on the server, typed: a struct of the application's own travels
// with each session, checked at compile time.
//
// A [Manager] does it, over a [Store]:
//
//	m, err := sessions.New[Cart](memstore.New(nil), nil)         // or a dynamo.Store
//	s, err := m.CreateAndSave(ctx, Cart{Items: []string{"tea"}}) // s.ID().Secret() goes to the client, nowhere else
//	s, err = m.Load(ctx, cookie.Value)                           // errors.Is(err, sessions.ErrNotFound): no such session, or no more
//	s.Data.Items = append(s.Data.Items, "cups")
//	err = m.Save(ctx, s)                                         // errors.Is(err, sessions.ErrConflict): changed meanwhile
//	err = m.Destroy(ctx, s)
//
// # What holds
//
// A session ends by itself at two deadlines, judged at every read by the Manager's clock: the idle timeout after its last
// access, and the absolute timeout after its creation. Both are alive in the last second before, and dead at the deadline.
//
// Every write is conditional. What was destroyed can't be written back by a request that is slower than the logout; what
// another request changed is not overwritten but reported as [ErrConflict]; [Manager.Update] repeats the change instead.
//
// A store that fails is an error, [ErrUnavailable], never an empty session and never a new one.
//
// The ID is a bearer secret of 256 random bits by default. The store sees its hash alone, and so do logs and errors: see [ID].
package sessions
