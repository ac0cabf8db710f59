package faults

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/matryer/is"
)

func TestAnswersAreWhatTheSDKReads(t *testing.T) {
	is := is.New(t)
	for operation, code := range map[string]string{
		"TransactWriteItems": "TransactionCanceledException",
		"GetItem":            "ThrottlingException", // a read meets no transaction
		"UpdateItem":         "TransactionConflictException",
	} {
		response := conflict(request(t, t.Context(), operation), operation)
		body, err := io.ReadAll(response.Body)
		is.NoErr(err)
		is.NoErr(response.Body.Close())
		var parsed struct {
			Type string `json:"__type"`
		}
		is.NoErr(json.Unmarshal(body, &parsed))
		is.Equal(parsed.Type, "com.amazonaws.dynamodb.v20120810#"+code)
		is.Equal(response.ContentLength, int64(len(body)))
	}
}
