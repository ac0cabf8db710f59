// Package regional keeps sessions consistent for a service that runs in several Regions, on stores
// that replicate to each other, such as the replicas of a DynamoDB global table.
//
//	eu, err := dynamo.Open(ctx, &dynamo.OpenConfig{Region: "eu-west-1"})
//	us, err := dynamo.Open(ctx, &dynamo.OpenConfig{Region: "us-east-1"})
//	store, err := regional.New(map[string]driver.Store{"eu-west-1": eu, "us-east-1": us}, &regional.Config{Home: "eu-west-1"})
//	m, err := sessions.New[Cart](store, nil)
//
// Such a table evaluates conditions and consistent reads on what has arrived in the called Region,
// and of two writes of one item in two Regions the later one wins. So a request in one Region could
// undo a logout in another, and a login could remove another login from its subject's list. A
// [Store] of this package therefore uses one Region, the home, whichever Region its process runs
// in: a user who is routed to another Region stays signed in, and one who has logged out stays
// signed out.
//
// # Another home
//
// The home changes only when you call SetHome. Processes with different homes would write in two
// Regions, so a process must not choose the home by itself. To move it while both Regions work:
//
//  1. SetHome("") in every process: calls are refused with driver.ErrUnavailable.
//  2. Wait until the former home has replicated everything.
//  3. Call SetHome with the new home in every process. Nothing is lost.
//
// If the home has failed, begin with step 3. The new home then lacks what the old one had not
// replicated: the latest logins and saves, but not logouts, whose markers are written in every
// Region at once, see [Store.End]. When the failed Region recovers, its sessions return too,
// including some that a RevokeAll in the new home could not see and has not ended. If that matters,
// call Manager.RevokeBefore with the time of the change: then all users have to sign in again.
//
// docs/regions.md compares this with the other ways to run in several Regions.
package regional
