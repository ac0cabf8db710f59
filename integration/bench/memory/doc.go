// Package memory measures memstore with a million sessions: the bytes that each takes, how fast they are loaded beside writes, and how long
// a call takes at most while others are swept. All of it is in the tests.
package memory
