// Package dynamo keeps sessions in Amazon DynamoDB.
//
//	store, err := dynamo.Open(ctx, &dynamo.OpenConfig{Table: "app_session"}) // with a client of its own, tuned for sessions
//	store, err := dynamo.NewStore(client, nil)                               // with the application's client
//	m, err := sessions.New[Cart](store, nil)
//
// The table has the partition key `id`, a string, and no sort key; its TTL attribute is `expires`. [CreateTable] makes it so,
// [CheckTable] tells whether one is. It may be dynamodb-session-web's.
//
// # The item
//
//	id                   S   the key: the hash of the session's ID
//	created, accessed    S   ISO 8601 in UTC, written +00:00, with 6 fractional digits or none
//	expires              N   epoch seconds: when the session is dead, and DynamoDB may delete the item
//	idle_timeout         N   seconds
//	absolute_timeout     N   seconds
//	data                 S for JSON, native attributes for the format "dynamodb", B for any other
//	format               S   the data's format; absent for JSON
//	rev                  S   names the last write of the session
//	subject              S   whose session it is; absent while nobody has signed in
//	device, device_ip    S   where it was begun, if the application has noted it
//
// # What a call costs
//
// Load is one consistent GetItem; Create, Replace, Touch and Delete are one write each; Rename is one transaction of two. There
// is no Scan, no Query and no index. The role needs dynamodb:GetItem, PutItem, UpdateItem and DeleteItem on the table.
//
// With Config.Hedge, off by default, a read that is late is asked a second time; see [Hedge].
//
// # Failures
//
// Each call ends within Config.Timeout, retries included. The store brings its own retry policy, which takes the place of the
// client's for its calls. A write whose answer was lost is recognised by its rev, and is a success; one whose fate can't be
// known is [sessions.ErrOutcomeUnknown]. Any other failure of the service is [sessions.ErrUnavailable], with the SDK's error in
// reach of errors.As.
package dynamo
