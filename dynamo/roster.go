package dynamo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/sessions"
)

// attrEpoch counts in a roster how often all of it was revoked.
const attrEpoch = "epoch"

// entryPrefix begins the name of an attribute that is a roster's entry: the key of a session follows.
const entryPrefix = "s:"

// LoadRoster is [sessions.SubjectStore]'s: one GetItem, consistent always.
func (s *Store) LoadRoster(ctx context.Context, key string) (sessions.Roster, error) {
	c, err := s.begin(ctx)
	if err != nil {
		return sessions.Roster{}, err
	}
	defer c.cancel()
	in := &dynamodb.GetItemInput{TableName: s.table, Key: keyOf(key), ConsistentRead: aws.Bool(true)}
	in.ReturnConsumedCapacity = c.capacity()
	out, err := s.getItem(c, in)
	if err != nil {
		return sessions.Roster{}, c.failedRead(err)
	}
	c.read(out.ConsumedCapacity)
	return decodeRoster(key, out.Item)
}

// decodeRoster returns the roster of an item, which has an attribute for each entry: so an entry comes and goes without anyone having to
// read the others.
func decodeRoster(key string, it item) (sessions.Roster, error) {
	r := sessions.Roster{Key: key}
	if len(it) == 0 {
		return r, nil
	}
	var d decoder
	r.Rev = d.text(attrRev, it[attrRev])
	r.Expires = d.epoch(attrExpires, it[attrExpires])
	r.Entries = make(map[string]time.Time, len(it))
	if epoch := it[attrEpoch]; epoch != nil {
		r.Epoch = d.epoch(attrEpoch, epoch).Unix()
	}
	for name, av := range it {
		if session, ok := strings.CutPrefix(name, entryPrefix); ok {
			r.Entries[session] = d.epoch(name, av)
		}
	}
	return r, d.err
}

// epoch returns a number of seconds since 1970.
func (d *decoder) epoch(name string, av types.AttributeValue) time.Time {
	return time.Unix(int64(d.seconds(name, av)/time.Second), 0).UTC()
}

// rosterUpdate returns the change of a roster as an update, which creates the item if there is none.
func (s *Store) rosterUpdate(c sessions.RosterChange) *types.Update {
	names := map[string]string{"#rev": attrRev, "#expires": attrExpires}
	values := item{":rev": text(c.Rev), ":expires": number(formatEpoch(c.Expires))}
	set := "SET #rev = :rev, #expires = if_not_exists(#expires, :expires)"
	var condition *string
	if c.Conditional {
		set = "SET #rev = :rev, #expires = :expires"
		condition = aws.String("attribute_not_exists(id)")
		if c.If != "" {
			condition = revIs(c.If, values)
		}
	}
	if c.Bump {
		names["#epoch"] = attrEpoch
		values[":one"], values[":none"] = number("1"), number("0")
		set += ", #epoch = if_not_exists(#epoch, :none) + :one"
	}
	for i, key := range slices.Sorted(maps.Keys(c.Enter)) {
		n := strconv.Itoa(i)
		names["#e"+n], values[":e"+n] = entryPrefix+key, number(formatEpoch(c.Enter[key]))
		set += ", #e" + n + " = :e" + n
	}
	var remove strings.Builder
	for i, key := range c.Leave {
		n := strconv.Itoa(i)
		names["#l"+n] = entryPrefix + key
		join(&remove, " REMOVE ", "#l", n)
	}
	return &types.Update{
		TableName: s.table, Key: keyOf(c.Key), UpdateExpression: aws.String(set + remove.String()), ConditionExpression: condition,
		ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
}

func checkChange(c sessions.RosterChange) error {
	if c.Key == "" || c.Rev == "" {
		return fmt.Errorf("a RosterChange needs a Key and a Rev")
	}
	return nil
}
