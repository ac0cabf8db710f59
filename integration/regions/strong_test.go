package regions_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/internal/wants"
	"github.com/dynasession/dynasession/sessions"
)

// mrsc is a transport that makes an engine behave like a table with multi-Region strong
// consistency: it supports neither TTL nor transactions, and refuses every fifth write as if
// another Region were writing the item.
type mrsc struct {
	mu      sync.Mutex
	calls   map[string]int // by operation
	refused []string
	writes  int
}

func (m *mrsc) RoundTrip(r *http.Request) (*http.Response, error) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	m.mu.Lock()
	m.calls[op]++
	collides := false
	switch op {
	case "PutItem", "UpdateItem", "DeleteItem":
		m.writes++
		collides = m.writes%5 == 0
	}
	m.mu.Unlock()
	switch {
	case strings.HasPrefix(op, "Transact"), strings.Contains(op, "TimeToLive"), op == "Query", op == "Scan":
		m.mu.Lock()
		m.refused = append(m.refused, op)
		m.mu.Unlock()
		return answer(r, "ValidationException"), nil
	case collides:
		return answer(r, "ReplicatedWriteConflictException"), nil
	}
	return http.DefaultTransport.RoundTrip(r)
}

func answer(r *http.Request, code string) *http.Response {
	body := fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"not here"}`, code)
	return &http.Response{
		StatusCode: http.StatusBadRequest, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}

// With multi-Region strong consistency, two Regions see one table that only supports single-item
// calls. The store makes no others, and it repeats refused writes.
func TestStrong_TheStoreNeedsNeitherTransactionsNorTTL(t *testing.T) {
	is, ctx := is.New(t), t.Context()
	table := engine.Table(t)
	_, err := engine.Client(t).CreateTable(ctx, &dynamodb.CreateTableInput{ // without TTL
		TableName: aws.String(table), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	is.NoErr(err)
	way := &mrsc{calls: map[string]int{}}
	var hosts []*sessions.Manager[cart] // one in eu, one in us
	for range 2 {
		store, err := dynamo.NewStore(engine.Client(t, func(o *dynamodb.Options) { o.HTTPClient = &http.Client{Transport: way} }),
			&dynamo.Config{Table: table, Timeout: 20 * time.Second})
		is.NoErr(err)
		m, err := sessions.New(store, &sessions.Config[cart]{SubjectLimit: sessions.SubjectLimit{Max: 30, Evict: true}})
		is.NoErr(err)
		hosts = append(hosts, m)
	}

	var ids []string
	for i := range 24 { // more than fit into one list item
		eu, us := hosts[i%2], hosts[(i+1)%2]
		s := eu.Create()
		is.NoErr(eu.Save(ctx, s))
		is.NoErr(eu.Authenticate(ctx, s, "alice"))
		id := s.ID().Secret()
		_, err := us.Update(ctx, id, func(c *cart) error { c.Pears++; return nil })
		is.NoErr(err)
		s.Data.Apples++
		is.NoErr(eu.Save(ctx, s)) // merges
		s, err = us.Load(ctx, id)
		is.NoErr(err)
		is.Equal(s.Data, cart{1, 1})
		is.NoErr(us.Renew(ctx, s))
		_, err = eu.Load(ctx, id)
		wants.Err(t, err, sessions.ErrRenewed)
		ids = append(ids, s.ID().Secret())
	}
	infos, err := hosts[0].Sessions(ctx, "alice")
	is.NoErr(err)
	is.Equal(len(infos), 24)
	is.NoErr(hosts[0].DestroyID(ctx, ids[0]))
	_, err = hosts[1].Load(ctx, ids[0])
	wants.Err(t, err, sessions.ErrNotFound)
	n, err := hosts[1].RevokeAll(ctx, "alice")
	is.NoErr(err)
	is.Equal(n, 23)
	for _, id := range ids {
		_, err := hosts[0].Load(ctx, id)
		wants.Err(t, err, sessions.ErrNotFound)
	}

	way.mu.Lock()
	defer way.mu.Unlock()
	var sent []string
	for op := range way.calls {
		sent = append(sent, op)
	}
	slices.Sort(sent)
	// Each store calls DescribeTimeToLive once. That call may fail.
	is.Equal(sent, []string{"BatchGetItem", "DescribeTimeToLive", "GetItem", "PutItem", "UpdateItem"})
	is.Equal(way.refused, []string{"DescribeTimeToLive", "DescribeTimeToLive"})
	is.True(way.writes > 100)
	t.Logf("calls: %v", way.calls)
}
