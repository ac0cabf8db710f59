package cost_test

import (
	"fmt"
	"strings"
	"time"
)

// application is an insurance claim that is filled in over many pages, and its author's
// permissions.
type application struct {
	ID          string            `json:"id"`
	Step        string            `json:"step"`
	Visited     []string          `json:"visited_steps"`
	Claimants   []claimant        `json:"claimants"`
	Answers     map[string]answer `json:"answers"`
	Documents   []document        `json:"documents"`
	Permissions []string          `json:"permissions"`
	Errors      map[string]string `json:"validation_errors"`
}

type claimant struct {
	Name   string   `json:"full_name"`
	Born   string   `json:"date_of_birth"`
	Phone  string   `json:"phone"`
	Email  string   `json:"email"`
	Street string   `json:"street"`
	Post   string   `json:"postal_code"`
	City   string   `json:"city"`
	Since  string   `json:"resident_since"`
	IBAN   string   `json:"iban,omitempty"`
	Policy []string `json:"policies"`
}

type answer struct {
	Text    string    `json:"text"`
	Changed time.Time `json:"changed_at"`
	By      int       `json:"by"`
}

type document struct {
	ID       string    `json:"id"`
	Name     string    `json:"file_name"`
	Type     string    `json:"content_type"`
	Bytes    int       `json:"size"`
	SHA256   string    `json:"sha256"`
	Uploaded time.Time `json:"uploaded_at"`
	Scanned  bool      `json:"scanned"`
}

var answers = strings.Split(strings.TrimSpace(`
incident.date|2037-03-09, some time between 06:40 and 07:15
incident.place|Utility room in the basement, beside the washing machine
incident.cause|The inlet hose of the washing machine burst at the coupling. It had been replaced in 2034 by the manufacturer's own service.
incident.discovered|I heard water when I came down for breakfast. It stood about four centimetres deep and had reached the stairs.
incident.measures|Turned off the main valve, pulled the fuse for the basement, called the fire brigade's pump service and moved two shelves to the garage.
incident.police|no
incident.witnesses|Our neighbour, Mr Halvorsen, helped with the pump and took the first photographs.
damage.building|Parquet in the hallway has lifted on roughly 9 m². Plaster is wet up to 30 cm on three walls; the skirting boards are gone.
damage.contents|Freezer, two bicycles, a sewing machine from my grandmother, about sixty books, winter clothing in cardboard boxes.
damage.electrical|Heat pump controller shows error E47 since. The electrician comes on Thursday.
damage.estimate|between 14000 and 18500
damage.invoice_pending|yes
repair.started|Drying machines were put up on 10 March by Trockenbau Lindner GmbH.
repair.contractor|Trockenbau Lindner GmbH, offer no. 2037-0418
repair.duration|three weeks, if the screed can stay
repair.alternative_housing|not needed, the upper floors are habitable
household.persons|4
household.pets|one cat
household.tenants|The basement flat is let to a student; her furniture is insured by herself.
previous.claims|Storm damage to the roof in 2031, settled under reference S-31-884120.
previous.insurer|same
payment.account_holder|Ingrid Aaberg-Kowalczyk
payment.advance|An advance of 3000 would help us pay the drying company.
contact.preferred|e-mail, by phone only after 17:00
contact.language|English, German
declaration.true|accepted
declaration.data_protection|accepted
declaration.experts|The assessor may come without us; the key is with Mr Halvorsen.
remarks|Please tell us before the parquet is taken out whether samples must be kept. We would rather save the oak boards in the hallway if that is possible at all.
`), "\n")

var files = strings.Fields(`hallway-morning.jpg basement_water_level.jpg hose-coupling-closeup.heic IMG_4471.jpg IMG_4474.jpg invoice_washing_machine_2034.pdf
	offer-lindner-2037-0418.pdf fire-brigade-receipt.pdf inventory-of-books.xlsx heat-pump-E47.mp4 tenancy-agreement.pdf floor-plan.png`)

var resources = strings.Fields("claims policies documents messages payments appointments assessors invoices households audit")

// newApplication returns an application that is nearly complete.
func newApplication() application {
	a := application{
		ID:      uuid("claim"),
		Step:    "review",
		Visited: []string{"start", "policy", "incident", "damage", "documents", "household", "payment", "declarations", "review"},
		Claimants: []claimant{
			{
				"Ingrid Aaberg-Kowalczyk", "1984-11-02", "+49 7531 5550142", "ingrid.aaberg@example.net", "Seestraße 118b", "78464", "Konstanz",
				"2019-06-01", "DE07123412341234123412",
				[]string{"HR-2019-55102", "WG-2019-55103"},
			},
			{
				"Tomasz Kowalczyk", "1981-04-27", "+49 7531 5550177", "t.kowalczyk@example.com", "Seestraße 118b", "78464", "Konstanz",
				"2019-06-01", "",
				[]string{"HR-2019-55102"},
			},
			{
				"Yuki Brandstätter", "2013-08-19", "+49 171 5550964", "yuki.b@students.example.edu", "Seestraße 118b (UG)", "78464", "Konstanz",
				"2036-10-15", "",
				[]string{},
			},
		},
		Answers: map[string]answer{},
		Errors: map[string]string{
			"damage.estimate": "Enter one amount in euros, without a range.",
			"payment.iban":    "The account holder differs from the policyholder: please confirm.",
		},
	}
	at := moment.Add(-3 * time.Hour)
	for i, line := range answers {
		d := digest(line)
		at = at.Add(time.Duration(11+int(d[0])*int(d[1])%251)*time.Second + time.Duration(d[3])*time.Millisecond)
		key, text, _ := strings.Cut(line, "|")
		a.Answers[key] = answer{text, at, i * i % 2}
	}
	for i, name := range files {
		_, ext, _ := strings.Cut(name, ".")
		kind := map[string]string{"pdf": "application/pdf", "mp4": "video/mp4", "xlsx": "application/vnd.ms-excel"}[ext]
		if kind == "" {
			kind = "image/" + ext
		}
		d := digest("file", name)
		at = at.Add(time.Duration(3+int(d[0])%60) * time.Second)
		a.Documents = append(a.Documents, document{uuid(name), name, kind, 81234 + i*i*i*40961%5999999, d, at, i != 9})
	}
	for i, r := range resources {
		for j, action := range []string{"read", "create", "update", "comment", "export"} {
			if (i*5+j*3)%4 != 0 {
				a.Permissions = append(a.Permissions, fmt.Sprintf("%s:%s", r, action))
			}
		}
	}
	return a
}
