// Package storetest checks a [sessions.Store]: every sentence of its contract is a rule here, and each rule that a store breaks is
// reported by its name and its sentence, with what was seen. The stores of this module pass it, on memory and on DynamoDB.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) sessions.Store { return mystore.New() })
//	}
//
// A store that is a [sessions.SubjectStore] too is checked as one.
//
// It writes some hundred records under random keys, all of them alive, and deletes them again, so that it may be pointed at a table
// that is in use. Rules about races make the race; they are not run when the rule they build upon is broken already.
package storetest
