package store_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"
)

// DynamoDB Local deletes expired items after about a second; AWS may take days. One of three items
// has expired, so that the test shows whether the attribute works.
func TestTTL_DeletesTheDeadAndNotTheLiving(t *testing.T) {
	is := is.New(t)
	p := newPlace(t).patient(t)
	alive, almost, dead := record("alive"), record("almost"), record("dead")
	is.NoErr(p.Create(t.Context(), alive))
	almost.Accessed = almost.Accessed.Add(-2*time.Hour + 10*time.Minute)
	almost.Created = almost.Accessed
	is.NoErr(p.Create(t.Context(), almost))
	dead.Accessed = dead.Accessed.Add(-2*time.Hour - time.Second)
	dead.Created = dead.Accessed
	is.NoErr(p.Create(t.Context(), dead))

	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	deadline := time.After(2 * time.Minute)
	for p.item(t, "dead") != nil {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatal("an item whose time has passed is still there: is TTL on?")
		}
	}
	is.True(p.item(t, "alive") != nil)
	is.True(p.item(t, "almost") != nil)
}

// expires is ExpiresAt in whole seconds, so that DynamoDB never deletes a live session.
func TestTTL_IsTheMomentAtWhichTheSessionDies(t *testing.T) {
	is := is.New(t)
	p := newPlace(t)
	rec := record("k")
	is.NoErr(p.Create(t.Context(), rec))
	is.Equal(expires(p.item(t, "k")), rec.ExpiresAt().Unix())
	rec.Accessed = rec.Accessed.Add(time.Minute)
	is.NoErr(p.Touch(t.Context(), "k", rec.Accessed, rec.ExpiresAt()))
	is.Equal(expires(p.item(t, "k")), rec.ExpiresAt().Unix())
	rec.IdleTimeout, rec.Rev = 24*time.Hour, "second" // makes the absolute deadline the earlier one
	is.NoErr(p.Replace(t.Context(), rec, "first"))
	is.Equal(expires(p.item(t, "k")), rec.Created.Add(12*time.Hour).Unix())
}

func expires(item map[string]types.AttributeValue) int64 {
	n, ok := item["expires"].(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	sec, err := time.ParseDuration(n.Value + "s")
	if err != nil {
		return 0
	}
	return int64(sec / time.Second)
}
