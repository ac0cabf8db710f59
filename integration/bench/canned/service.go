// Package canned is a DynamoDB that isn't there: it answers every request at once, with what makes a store content. So what a client spends
// on a call can be measured without a network or a database.
package canned

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Service answers a GetItem with the item that was put last, and everything else with success.
type Service struct {
	mu     sync.Mutex
	loaded []byte
}

// answer returns the body of the answer to a request.
func (s *Service) answer(target string, body []byte) []byte {
	_, operation, _ := strings.Cut(target, ".")
	s.mu.Lock()
	defer s.mu.Unlock()
	switch operation {
	case "GetItem":
		return s.loaded
	case "PutItem":
		var put struct{ Item json.RawMessage }
		if err := json.Unmarshal(body, &put); err == nil {
			s.loaded, _ = json.Marshal(put) // of what has just been parsed
		}
	}
	return []byte("{}")
}

// Keep returns a service that answers a GetItem with what was put last, and keeps nothing any more.
func (s *Service) Keep() *Kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Kept{get: s.loaded}
}

// Kept is a Service whose answers are fixed: it reads no request, and costs next to nothing.
type Kept struct{ get []byte }

func (k *Kept) answer(target string) []byte {
	if strings.HasSuffix(target, ".GetItem") {
		return k.get
	}
	return []byte("{}")
}

// RoundTrip is an [http.RoundTripper]'s.
func (s *Service) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return response(r, s.answer(r.Header.Get("X-Amz-Target"), body)), nil
}

// ServeHTTP is an [http.Handler]'s.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer := s.answer(r.Header.Get("X-Amz-Target"), body)
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amz-Crc32", checksum(answer))
	_, _ = w.Write(answer)
}

// RoundTrip is an [http.RoundTripper]'s: all of HTTP there is.
func (k *Kept) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return response(r, k.answer(r.Header.Get("X-Amz-Target"))), nil
}

const contentType = "application/x-amz-json-1.0"

// checksum is what DynamoDB sends with an answer, and the SDK compares.
func checksum(body []byte) string { return strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10) }

func response(r *http.Request, body []byte) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {contentType}, "X-Amz-Crc32": {checksum(body)}},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
}

// Client returns a client of the SDK that speaks through transport. The functions may change every option.
func Client(transport http.RoundTripper, o ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""),
		HTTPClient: &http.Client{Transport: transport}, BaseEndpoint: aws.String("http://dynamodb.test"),
	}, o...)
}
