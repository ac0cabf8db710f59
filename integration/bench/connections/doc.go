// Package connections compares the HTTP client of [dynamo.Open] with the SDK's own, over TLS and a
// network with latency.
package connections
