package driver

import "strings"

// Reserved reports whether key is none of a record's that a session may have: those of rosters and
// of what a Manager keeps for all sessions contain a colon.
func Reserved(key string) bool { return strings.Contains(key, ":") }
