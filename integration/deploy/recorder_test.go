package deploy_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// A recorder records the calls of a client. Like IAM, it denies the calls that its policy does not
// grant.
type recorder struct {
	mu     sync.Mutex
	bodies map[string][]byte // the body of the first request of each operation
	policy *policy           // nil grants everything
	denied []string
	lists  bool // whether a list of sessions was accessed
	inner  interface {
		Do(*http.Request) (*http.Response, error)
	}
}

func (r *recorder) on(o *dynamodb.Options) {
	r.inner = http.DefaultClient
	if o.HTTPClient != nil {
		r.inner = o.HTTPClient
	}
	o.HTTPClient = r
}

func (r *recorder) Do(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	r.mu.Lock()
	if r.bodies == nil {
		r.bodies = map[string][]byte{}
	}
	if _, ok := r.bodies[operation]; !ok {
		r.bodies[operation] = body
	}
	keys := keysOf(body)
	r.lists = r.lists || slices.ContainsFunc(keys, isList)
	granted := r.policy == nil || r.policy.grants("dynamodb:"+operation, keys)
	r.mu.Unlock()
	if !granted {
		r.mu.Lock()
		r.denied = append(r.denied, operation)
		r.mu.Unlock()
		const answer = `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized to perform this"}`
		return &http.Response{
			StatusCode: http.StatusBadRequest, Status: "400 Bad Request", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, ContentLength: int64(len(answer)),
			Body: io.NopCloser(strings.NewReader(answer)), Request: request,
		}, nil
	}
	return r.inner.Do(request)
}

// actions returns the IAM actions of the recorded calls, sorted.
func (r *recorder) actions() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var asked []string
	for operation := range r.bodies {
		asked = append(asked, "dynamodb:"+operation)
	}
	slices.Sort(asked)
	return asked
}

// keysOf returns the keys of the items in a request.
func keysOf(body []byte) (keys []string) {
	type key struct{ ID struct{ S string } }
	var request struct {
		Key, Item    *key
		RequestItems map[string]struct{ Keys []key }
	}
	if json.Unmarshal(body, &request) != nil {
		return nil
	}
	for _, k := range []*key{request.Key, request.Item} {
		if k != nil {
			keys = append(keys, k.ID.S)
		}
	}
	for _, table := range request.RequestItems {
		for _, k := range table.Keys {
			keys = append(keys, k.ID.S)
		}
	}
	return keys
}

// isList reports whether a key is that of a list of sessions.
func isList(key string) bool {
	return strings.HasPrefix(key, "subject:") || strings.HasPrefix(key, "federated:")
}

func (r *recorder) body(operation string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bodies[operation]
}

// differences returns the actions that were granted but not called, and those called but not
// granted.
func differences(granted, asked []string) (tooMuch, tooLittle []string) {
	for _, g := range granted {
		if !slices.Contains(asked, g) {
			tooMuch = append(tooMuch, g)
		}
	}
	for _, a := range asked {
		if !slices.Contains(granted, a) {
			tooLittle = append(tooLittle, a)
		}
	}
	return tooMuch, tooLittle
}

func TestDifferences(t *testing.T) {
	tooMuch, tooLittle := differences([]string{"a", "b"}, []string{"b", "c"})
	if !slices.Equal(tooMuch, []string{"a"}) || !slices.Equal(tooLittle, []string{"c"}) {
		t.Fatal(tooMuch, tooLittle)
	}
}
