package cost_test

import (
	"crypto/rand"
	"encoding/hex"
	"maps"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"
)

type row = map[string]types.AttributeValue

// fill adds sessions to a subject that has some hundreds already, without logging in: it copies a
// full page of the subject's list, and a session for each entry. It writes 25 items per call.
func (s shop) fill(t *testing.T, subject string, more int) {
	t.Helper()
	is := is.New(t)
	const pageSize = 12
	is.Equal(more%pageSize, 0)
	infos, err := s.Sessions(t.Context(), subject)
	is.NoErr(err)
	record := s.item(t, infos[len(infos)/2].Handle)
	is.True(record["page"] != nil) // the session is not listed in the head
	var head row
	for _, part := range s.scan(t, "attribute_exists(counted)") {
		if part["last"] != nil {
			is.True(head == nil) // there is only one list
			head = part
		}
	}
	list := head["id"].(*types.AttributeValueMemberS).Value
	page := s.item(t, list+"#1")
	last, err := strconv.Atoi(head["last"].(*types.AttributeValueMemberN).Value)
	is.NoErr(err)

	var items []row
	for range more / pageSize {
		last++
		next := row{}
		for name, value := range page {
			if !strings.HasPrefix(name, "s:") {
				next[name] = value
				continue
			}
			one := maps.Clone(record)
			one["id"] = text(newKey())
			one["page"] = &types.AttributeValueMemberN{Value: strconv.Itoa(last)}
			items = append(items, one)
			next["s:"+one["id"].(*types.AttributeValueMemberS).Value] = value
		}
		is.Equal(len(next), len(page)) // the copied page was full
		next["id"] = text(list + "#" + strconv.Itoa(last))
		items = append(items, next)
	}
	head["last"] = &types.AttributeValueMemberN{Value: strconv.Itoa(last)}
	s.store(t, append(items, head))
	s.took()
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// newKey returns the hash of a random ID.
func newKey() string {
	b := make([]byte, 64)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

func (s shop) item(t *testing.T, key string) row {
	t.Helper()
	out, err := s.client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &s.table, Key: row{"id": text(key)}})
	is.New(t).NoErr(err)
	return out.Item
}

func (s shop) scan(t *testing.T, filter string) []row {
	t.Helper()
	var all []row
	in := &dynamodb.ScanInput{TableName: &s.table, FilterExpression: &filter}
	for pages := dynamodb.NewScanPaginator(s.client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		is.New(t).NoErr(err)
		all = append(all, page.Items...)
	}
	return all
}

// store writes items, several batches at a time.
func (s shop) store(t *testing.T, items []row) {
	t.Helper()
	var all sync.WaitGroup
	batches := make(chan []types.WriteRequest)
	for range 4 {
		all.Go(func() {
			for batch := range batches {
				for tries := 0; len(batch) > 0; tries++ {
					out, err := s.client.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{s.table: batch}})
					if err != nil || tries > 100 {
						t.Errorf("after %d tries: %v", tries, err)
						break
					}
					batch = out.UnprocessedItems[s.table]
				}
			}
		})
	}
	for len(items) > 0 {
		n := min(25, len(items))
		batch := make([]types.WriteRequest, n)
		for i, item := range items[:n] {
			batch[i] = types.WriteRequest{PutRequest: &types.PutRequest{Item: item}}
		}
		batches <- batch
		items = items[n:]
	}
	close(batches)
	all.Wait()
}
