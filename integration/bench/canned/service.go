// Package canned fakes a DynamoDB that answers every request at once with a response that satisfies
// a store. It serves to measure a client's own work without a network or a database.
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

// Service answers a GetItem with the item of the last PutItem, and any other request with success.
type Service struct {
	mu     sync.Mutex
	loaded []byte
}

// answer returns the body of the response to a request.
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
			s.loaded, _ = json.Marshal(put) // put was decoded from JSON
		}
	}
	return []byte("{}")
}

// Keep returns a service that keeps answering GetItem with the item of the last PutItem so far.
func (s *Service) Keep() *Kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Kept{get: s.loaded}
}

// Kept is a Service with fixed responses. It does not read requests and costs almost nothing.
type Kept struct{ get []byte }

func (k *Kept) answer(target string) []byte {
	if strings.HasSuffix(target, ".GetItem") {
		return k.get
	}
	return []byte("{}")
}

// RoundTrip implements [http.RoundTripper].
func (s *Service) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return response(r, s.answer(r.Header.Get("X-Amz-Target"), body)), nil
}

// ServeHTTP implements [http.Handler].
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

// RoundTrip implements [http.RoundTripper] without any HTTP on a wire.
func (k *Kept) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return response(r, k.answer(r.Header.Get("X-Amz-Target"))), nil
}

const contentType = "application/x-amz-json-1.0"

// checksum returns the checksum that DynamoDB sends with a response and the SDK verifies.
func checksum(body []byte) string { return strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10) }

func response(r *http.Request, body []byte) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {contentType}, "X-Amz-Crc32": {checksum(body)}},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
}

// Client returns a client of the SDK that sends requests through transport. The functions may
// change any option.
func Client(transport http.RoundTripper, o ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""),
		HTTPClient: &http.Client{Transport: transport}, BaseEndpoint: aws.String("http://dynamodb.test"),
	}, o...)
}
