// Package operations measures what an operation costs in time, bytes and allocations, beside the SDK's call that it makes and the encoding
// that it needs.
package operations
