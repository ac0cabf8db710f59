// Package unknown measures what it costs that a write keeps the members of the stored value that T
// doesn't know, beside the way of before, Config.DropUnknown: in one process, in turns.
package unknown
