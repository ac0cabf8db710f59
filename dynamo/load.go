package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/sessions"
)

// Load is [sessions.Store]'s: one GetItem, consistent unless the Config says otherwise.
func (s *Store) Load(ctx context.Context, key string) (sessions.Record, error) {
	// One allocation for all of them; the key's map, of the SDK's type, is another two.
	r := &struct {
		call
		in  dynamodb.GetItemInput
		key types.AttributeValueMemberS
	}{}
	if err := s.start(ctx, &r.call); err != nil {
		return sessions.Record{}, err
	}
	defer r.cancel()
	r.key.Value = key
	r.in = dynamodb.GetItemInput{
		TableName: s.table, Key: item{attrID: &r.key}, ConsistentRead: s.consistent, ReturnConsumedCapacity: r.capacity(),
	}
	out, err := s.getItem(&r.call, &r.in)
	if err != nil {
		return sessions.Record{}, r.failedRead(err)
	}
	r.read(out.ConsumedCapacity)
	var got row
	got.read(out.Item)
	if len(out.Item) == 0 || got.isPhantom() {
		return sessions.Record{}, sessions.ErrNotFound
	}
	return got.decode()
}

// isPhantom reports whether an item is what a touch of dynamodb-session-web leaves that comes after the session was destroyed: times,
// and nothing else. It is no session.
func (r *row) isPhantom() bool {
	for _, c := range []column{colData, colIdle, colAbsolute, colRev} {
		if r[c] != nil {
			return false
		}
	}
	return r[colAccessed] != nil && r[colExpires] != nil
}
