// Package operations measures the time, bytes and allocations of an operation, next to those of the
// SDK's calls and the encoding that it needs.
package operations
