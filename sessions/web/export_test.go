package web

// For tests.
var (
	Overlay  = overlay{}.value
	Withheld = isWithheld
)
