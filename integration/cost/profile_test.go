package cost_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// login is the data of many sessions: who has signed in, and how the pages look.
type login struct {
	UserID      string            `json:"user_id"`
	Email       string            `json:"email"`
	DisplayName string            `json:"display_name"`
	Tenant      string            `json:"tenant"`
	Roles       []string          `json:"roles"`
	MFA         string            `json:"mfa"`
	Locale      string            `json:"locale"`
	TimeZone    string            `json:"time_zone"`
	Theme       string            `json:"theme"`
	LastLogin   time.Time         `json:"last_login"`
	Terms       time.Time         `json:"terms_accepted"`
	Features    map[string]bool   `json:"features"`
	Flash       map[string]string `json:"flash,omitempty"`
	Visits      int               `json:"visits"`
}

func newLogin() login {
	return login{
		UserID:      uuid("user"),
		Email:       "marguerite.okonkwo@example.org",
		DisplayName: "Marguerite Okonkwo",
		Tenant:      "northwind-logistics",
		Roles:       []string{"member", "invoices.approve", "reports.read"},
		MFA:         "webauthn",
		Locale:      "en-GB",
		TimeZone:    "Europe/London",
		Theme:       "system",
		LastLogin:   moment.Add(-19*time.Hour - 41*time.Minute),
		Terms:       moment.Add(-211 * 24 * time.Hour).Truncate(time.Second),
		Features:    map[string]bool{"new-dashboard": true, "bulk-export": false, "dark-charts": true},
		Flash:       map[string]string{"notice": "Your password was changed."},
		Visits:      37,
	}
}

// moment is the time in these sessions. It is fixed, so that the sizes of items don't change from
// day to day.
var moment = time.Date(2037, 3, 14, 9, 26, 53, 589793000, time.UTC)

// digest returns 32 bytes in hexadecimal, derived from its arguments. Like IDs and checksums, they
// don't compress.
func digest(of ...any) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(of...)))
	return hex.EncodeToString(sum[:])
}

func uuid(of ...any) string {
	d := digest(of...)
	return d[:8] + "-" + d[8:12] + "-4" + d[13:16] + "-a" + d[17:20] + "-" + d[20:32]
}
