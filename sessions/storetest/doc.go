// Package storetest checks a [driver.Store]: every sentence of its contract is a rule here, and
// each rule that a store breaks is reported by its name and its sentence, with what was seen. The
// stores of this module pass it, on memory and on DynamoDB.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) driver.Store { return mystore.New() })
//	}
//
// It writes some hundred records and rosters under random keys, all of them alive. It deletes the
// records and empties the rosters again, and leaves markers and empty rosters that the store sweeps
// within an hour, so that it may be pointed at a table that is in use. Rules about races make the
// race. A rule is not checked if one that it builds upon is broken already.
package storetest
