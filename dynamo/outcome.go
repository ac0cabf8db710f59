package dynamo

import (
	"errors"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// unanswered reports whether an attempt of the SDK's client may have been applied although it failed: it was sent, and no answer
// came, or one that can't be read, or one of which AWS says that it tells nothing (a 5xx: Programming.Errors in the
// developer guide). What failed before it was sent, for want of credentials or a region, has no response.
func unanswered(err error) bool {
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) {
		return false
	}
	if response.Response == nil || response.HTTPStatusCode() == 0 { // the SDK puts an empty response where none came
		return !neverConnected(err)
	}
	status := response.HTTPStatusCode()
	return status < http.StatusBadRequest || status >= http.StatusInternalServerError
}

// leavesOpen is unanswered for the error in which a whole call ended, which may be that of another API than the SDK's client:
// one that tells nothing of responses.
func leavesOpen(err error) bool {
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		return unanswered(err)
	}
	return !definite(err)
}

// neverConnected reports whether the attempt found nobody to send anything to.
func neverConnected(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	return errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

// definite reports whether err is an answer of the service that the write was refused.
func definite(err error) bool {
	var internal *types.InternalServerError
	var api smithy.APIError
	return !errors.As(err, &internal) && errors.As(err, &api)
}
