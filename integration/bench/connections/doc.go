// Package connections measures what the HTTP client of [dynamo.Open] is worth beside the SDK's own, over TLS and a network that takes its time.
package connections
