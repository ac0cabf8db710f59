package dynamo

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/dynasession/dynasession/sessions/driver"
)

// failedWrite returns the error of a write that failed: known not to have been applied, or not
// known.
func (c *call) failedWrite(err error) error {
	switch {
	case c.lost.Load() || leavesOpen(err):
		return fmt.Errorf("%w: %w", driver.ErrOutcomeUnknown, err)
	case tooLarge(err):
		return fmt.Errorf("%w: %w", driver.ErrTooLarge, err)
	default:
		return fmt.Errorf("%w: %w", driver.ErrUnavailable, c.store.advise(err))
	}
}

// recovered notes that an earlier attempt was applied, and returns that all is well.
func (c *call) recovered() error {
	c.trace.Recovered()
	return nil
}

// refused returns the error of a write whose condition did not hold, and that is not what is
// stored. If an attempt had no answer, it may have been applied and overwritten since: then nothing
// is known.
func (c *call) refused(reason error) error {
	if c.lost.Load() {
		return fmt.Errorf("%w: an attempt was not answered, and afterwards: %w", driver.ErrOutcomeUnknown, hideIdentity(reason))
	}
	return reason
}

// hideIdentity keeps reason's text, but errors.Is must not find a conflict, say, where nothing is
// known.
func hideIdentity(reason error) error { return errors.New(reason.Error()) }

// unanswered reports whether an attempt of the SDK's client may have been applied although it
// failed: it was sent, and no answer came, or one that can't be read, or one of which AWS says that
// the request may have been applied (a 5xx, see Programming.Errors in the developer guide). An
// attempt that failed before it was sent, for want of credentials say, has no response.
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

// leavesOpen is unanswered for the error of a whole call. It may come from another API than the
// SDK's client, which says nothing of responses.
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

// definite reports whether err is an answer of the service that the request was refused.
func definite(err error) bool {
	var internal *types.InternalServerError
	var api smithy.APIError
	return !errors.As(err, &internal) && errors.As(err, &api)
}

// tooLarge reports whether the service refused an update because the item would be too large. The
// check before the call does not see attributes of others in the item.
func tooLarge(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationException" &&
		strings.Contains(api.ErrorMessage(), "exceeded the maximum allowed size")
}
