// Package compare sets the middleware of sessions/web beside others', and under others' routers. It is a module of its own, so that
// what it needs for that stays out of the library's go.mod.
package compare
