package driver

import "strings"

// Reserved reports whether key can't be a session's. The keys of rosters, and of records that a
// Manager keeps for all sessions, contain a colon; a session's key doesn't.
func Reserved(key string) bool { return strings.Contains(key, ":") }
