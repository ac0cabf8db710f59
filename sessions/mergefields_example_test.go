package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
)

func ExampleMergeFields() {
	type Data struct {
		Theme string
		Cart  map[string]int
	}
	base := Data{Theme: "light", Cart: map[string]int{"tea": 1}}
	ours := Data{Theme: "dark", Cart: map[string]int{"tea": 1}}              // this request changes the theme
	theirs := Data{Theme: "light", Cart: map[string]int{"tea": 1, "cup": 2}} // another has put cups into the cart

	merged, err := sessions.MergeFields(base, ours, theirs)
	fmt.Println(merged, err)

	theirs.Cart["tea"], ours.Cart["tea"] = 5, 7
	_, err = sessions.MergeFields(base, ours, theirs)
	fmt.Println(errors.Is(err, sessions.ErrConflict))
	// Output:
	// {dark map[cup:2 tea:1]} <nil>
	// true
}

// Visits counts, so that two requests that each count one more make two more.
type Visits int

// Merge adds up what both sides have counted since base.
func (ours Visits) Merge(base, theirs Visits) (Visits, error) {
	return theirs + (ours - base), nil
}

func ExampleMerger() {
	type Data struct {
		Visits Visits
	}
	merged, err := sessions.MergeFields(Data{Visits: 10}, Data{Visits: 11}, Data{Visits: 11})
	fmt.Println(merged.Visits, err)
	// Output: 12 <nil>
}

// With NoMerge the caller handles every lost race.
func ExampleNoMerge() {
	type Data struct{ Theme string }
	m, err := sessions.New(memstore.New(nil), &sessions.Config[Data]{Merge: sessions.NoMerge[Data]})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	one, err := m.CreateAndSave(ctx, Data{})
	if err != nil {
		log.Fatal(err)
	}
	other, err := m.Load(ctx, one.ID().Secret())
	if err != nil {
		log.Fatal(err)
	}
	one.Data.Theme, other.Data.Theme = "dark", "light"
	fmt.Println(m.Save(ctx, one))
	fmt.Println(errors.Is(m.Save(ctx, other), sessions.ErrConflict))
	// Output:
	// <nil>
	// true
}

func ExampleFlash() {
	type Data struct {
		Flash sessions.Flash[string] `json:"flash,omitempty"`
	}
	var d Data
	d.Flash.Add("Your order was placed.") // by the request that placed it

	for _, message := range d.Flash.Take() { // by the next page
		fmt.Println(message)
	}
	fmt.Println(len(d.Flash))
	// Output:
	// Your order was placed.
	// 0
}

// Update saves before the messages are shown, so of two tabs that open at the same time only one
// shows them.
func ExampleFlash_Take() {
	type Data struct {
		Flash sessions.Flash[string] `json:"flash,omitempty"`
	}
	ctx := context.Background()
	m, err := sessions.New[Data](memstore.New(nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	var d Data
	d.Flash.Add("Saved.")
	s, err := m.CreateAndSave(ctx, d)
	if err != nil {
		log.Fatal(err)
	}

	for range 2 {
		var messages []string
		_, err = m.Update(ctx, s.ID().Secret(), func(d *Data) error {
			messages = d.Flash.Take()
			return nil
		})
		fmt.Println(messages, err)
	}
	// Output:
	// [Saved.] <nil>
	// [] <nil>
}
