package sessions

import "time"

// Timeouts that NIST SP 800-63B-4 sets for its authenticator assurance levels (sections 2.1.3, 2.2.3 and 2.3.3), for Config.IdleTimeout and
// Config.AbsoluteTimeout:
//
//	cfg := &sessions.Config[Cart]{IdleTimeout: sessions.AAL2IdleTimeout, AbsoluteTimeout: sessions.AAL2AbsoluteTimeout}
//
// At AAL1 an idle timeout is the application's choice; here it is as long as the absolute one.
const (
	AAL1IdleTimeout     = 30 * 24 * time.Hour
	AAL1AbsoluteTimeout = 30 * 24 * time.Hour
	AAL2IdleTimeout     = time.Hour
	AAL2AbsoluteTimeout = 24 * time.Hour
	AAL3IdleTimeout     = 15 * time.Minute
	AAL3AbsoluteTimeout = 12 * time.Hour
)
