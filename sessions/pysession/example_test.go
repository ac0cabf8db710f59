package pysession_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/dynasession/dynasession/sessions"
	"github.com/dynasession/dynasession/sessions/memstore"
	"github.com/dynasession/dynasession/sessions/pysession"
)

func Example() {
	store := memstore.New(nil)

	m, err := sessions.New(store, pysession.Config[map[string]any](pysession.Options{Keys: []string{"secret-key"}}))
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := m.CreateAndSave(context.Background(), map[string]any{"user": "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, signature, signed := strings.Cut(s.ID().Secret(), ".") // as Python's itsdangerous signs it
	fmt.Println(s.Data["user"], signed, len(signature))
	// Output: ada true 27
}
