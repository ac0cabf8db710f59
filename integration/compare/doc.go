// Package compare compares the middleware of sessions/web with others and runs it under other
// routers. It is a separate module, so that their dependencies stay out of the library's go.mod.
package compare
