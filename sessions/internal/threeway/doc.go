// Package threeway merges two changed copies of a value, member by member.
//
// It works on reflected values and knows nothing of sessions; sessions.MergeFields has the rules as
// applications read them.
package threeway
