// Package unknown measures the cost of keeping the members of the stored value that T doesn't know.
// It compares writes with and without Config.DropUnknown, in turns within one process.
package unknown
