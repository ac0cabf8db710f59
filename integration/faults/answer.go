package faults

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

func internalError(r *http.Request) *http.Response {
	return answer(r, http.StatusInternalServerError, "InternalServerError", "")
}

func refusal(r *http.Request, code, fields string) *http.Response {
	return answer(r, http.StatusBadRequest, code, fields)
}

// conflict is how the service says that a transaction is under way: a single write and a transaction say it differently, and a
// read never meets it.
func conflict(r *http.Request, operation string) *http.Response {
	switch operation {
	case "TransactWriteItems":
		return refusal(r, "TransactionCanceledException", `,"CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]`)
	case "GetItem":
		return refusal(r, "ThrottlingException", "")
	default:
		return refusal(r, "TransactionConflictException", "")
	}
}

func answer(r *http.Request, status int, code, fields string) *http.Response {
	body := fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"injected"%s}`, code, fields)
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header:        http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}
