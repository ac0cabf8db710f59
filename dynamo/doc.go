// Package dynamo keeps sessions in Amazon DynamoDB.
//
//	store, err := dynamo.Open(ctx, &dynamo.OpenConfig{Table: "app_session"}) // with a client of its own, tuned for sessions
//	store, err := dynamo.NewStore(client, nil)                               // with the application's client
//	m, err := sessions.New[Cart](store, nil)
//
// The table has the partition key `id`, a string, and no sort key; its TTL attribute is `expires`.
// [CreateTable] makes such a table and [CheckTable] checks one. A table of dynamodb-session-web has
// this form.
//
// # The items
//
// A session:
//
//	id                    S     the key: the hash of the session's ID
//	created, accessed     S     ISO 8601 in UTC, written +00:00, with 6 fractional digits or none
//	expires               N     epoch seconds: when the session is dead, and DynamoDB may delete the item
//	idle_timeout          N     seconds
//	absolute_timeout      N     seconds
//	data                  S for JSON, native attributes for the format "dynamodb", B for any other
//	format                S     the data's format; absent for JSON
//	rev                   S     names the last write of the session's data
//	subject               S     whose session it is
//	application           S     which application it belongs to, if several share the table
//	federated             S     the identity provider's session that it comes from
//	device, device_ip     S     where it was begun, if the application has noted it
//	persist               BOOL  true if the user has asked to stay signed in
//	binding               B     what binds it to a device
//	page, federated_page  N     the pages of the rosters that list it
//
// The marker of a session that has ended, which takes the session's place until its `expires`:
//
//	id, accessed, expires       the session's key, when it ended, and when DynamoDB may delete the item
//	ended                 S     why: destroyed, renewed, revoked, evicted, abandoned
//	next                  S     the key under which a renewed session goes on
//	mark                  S     names the write
//
// A roster, which lists sessions:
//
//	id                    S     such as the hash of a subject; it contains a colon
//	rev, expires                as in a session
//	s:KEY                 N     an entry: a session's key, and epoch seconds of its absolute deadline
//	n                     N     how many entries there are
//	counted               S     the rev with which n was written; n says nothing if it is another
//	epoch                 N     how often all sessions of the subject were revoked
//	first, last           N     the roster's pages
//	closed                BOOL  true if the roster takes no entries any more
//	stale                 N     epoch seconds: when an entry may have idled out
//
// Empty attributes are absent. The store keeps attributes that other software adds to these items.
//
// # What a call costs
//
// Load is one consistent GetItem, LoadAll and LoadRosters are one BatchGetItem. Create, Replace,
// Touch, Bind and End are one write of one item; ChangeRoster is one unless another change of the
// same entries comes in between. There is no transaction, no Scan, no Query and no index, so the
// table may be a global one with multi-Region strong consistency, or ScyllaDB's Alternator. The
// service's role needs dynamodb:GetItem, BatchGetItem, PutItem, UpdateItem and DeleteItem on the
// table.
//
// With Config.Hedge, off by default, late reads are sent a second time; see [Hedge].
//
// # Failures
//
// Each call ends within Config.Timeout, retries included. The store has its own retry policy, which
// replaces the client's for its calls. A write whose response was lost is recognised by its rev,
// and succeeds. If its outcome can't be determined, the error is driver.ErrOutcomeUnknown. Any
// other failure of the service is driver.ErrUnavailable, which wraps the SDK's error. Package
// sessions has both too.
package dynamo
