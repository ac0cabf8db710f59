package web

// For tests.
var (
	Overlay  = overlay
	Withheld = isWithheld
)
