// Package regional keeps the sessions of a service that runs in several Regions right, over stores
// that replicate to each other by themselves, as the replicas of a DynamoDB global table do.
//
//	eu, err := dynamo.Open(ctx, &dynamo.OpenConfig{Region: "eu-west-1"})
//	us, err := dynamo.Open(ctx, &dynamo.OpenConfig{Region: "us-east-1"})
//	store, err := regional.New(map[string]driver.Store{"eu-west-1": eu, "us-east-1": us}, &regional.Config{Home: "eu-west-1"})
//	m, err := sessions.New[Cart](store, nil)
//
// Such a table judges conditions and consistent reads by what has arrived in the Region that is
// asked, and of two writes of one item in two Regions the later one remains. So a logout in one
// Region is undone by a request in another, and a login takes another login off its subject's
// list. A [Store] of this package therefore asks one Region, the home, whichever Region its
// process runs in: a user who is sent to another Region stays signed in, and one who has logged
// out stays out.
//
// # Another home
//
// The home changes by command only. Two processes that differ about it write in two Regions, so
// that a process must not decide by what it alone sees. To move it while both Regions work:
//
//  1. SetHome("") in every process: calls are refused with driver.ErrUnavailable.
//  2. Wait until the former home has replicated all it has.
//  3. SetHome of the new home, in every process. Nothing is lost.
//
// If the home has failed, go to step 3 at once. What it had not replicated is then unknown to the
// new home: logins and saves of the last moment, but not logouts, whose markers are written in
// every Region at once, see [Store.End]. When the failed Region comes back, its sessions do too,
// and those that were listed in vain there are not ended by a RevokeAll that has returned. If that
// matters, call Manager.RevokeBefore with the time of the change: all users sign in once more.
//
// docs/regions.md compares this with the other ways to run in several Regions.
package regional
