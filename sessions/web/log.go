package web

import (
	"log"
	"net/http"
)

// logf writes a line where net/http writes its own: to the server's ErrorLog, or else to the log package's logger.
func logf(r *http.Request, format string, args ...any) {
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok && server.ErrorLog != nil {
		server.ErrorLog.Printf("web: "+format, args...)
		return
	}
	log.Printf("web: "+format, args...)
}
