// Package storetest tests a [driver.Store]. Every sentence of its contract is a rule, and the test
// reports each broken rule by its name and sentence, with what it observed. Packages memstore and
// dynamo pass it.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) driver.Store { return mystore.New() })
//	}
//
// It writes some hundred records and rosters under random keys, none of which has expired. It
// deletes the records and empties the rosters afterwards, and leaves markers and empty rosters that
// expire within an hour, so you may run it on a table that is in use. Rules about races cause the
// race. It doesn't check a rule that depends on a broken one.
package storetest
