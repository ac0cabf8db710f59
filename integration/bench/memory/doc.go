// Package memory measures memstore with a million sessions: the bytes per session, the rate of
// loads during writes, and the longest time that a call takes during a sweep. All of its code is in
// tests.
package memory
