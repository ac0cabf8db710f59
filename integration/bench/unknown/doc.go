// Package unknown measures what it costs that a write keeps the members of the stored value that T
// doesn't know. It compares that with Config.DropUnknown, in turns within one process.
package unknown
