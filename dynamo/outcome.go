package dynamo

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/dynasession/dynasession/dynamo/internal/awshttp"
	"github.com/dynasession/dynasession/sessions/driver"
)

// failedWrite returns the error of a write that failed: ErrOutcomeUnknown if it may have been
// applied.
func (c *call) failedWrite(err error) error {
	switch {
	case c.lost.Load() || leavesOpen(err):
		return fmt.Errorf("%w: %w", driver.ErrOutcomeUnknown, c.withReason(err))
	case tooLarge(err):
		return fmt.Errorf("%w: %w", driver.ErrTooLarge, err)
	default:
		return fmt.Errorf("%w: %w", driver.ErrUnavailable, c.store.advise(c.withReason(err)))
	}
}

// withReason adds the error of the last attempt that was answered, or could not be sent, to the
// error of a call whose time was up: otherwise nobody would learn why it took so long.
func (c *call) withReason(err error) error {
	if last := c.last.Load(); last != nil && c.ctx.Err() != nil && !errors.Is(err, *last) {
		return fmt.Errorf("%w; the attempt before: %w", err, *last)
	}
	return err
}

// recovered notes that an earlier attempt was applied, and returns nil.
func (c *call) recovered() error {
	c.trace.Recovered()
	return nil
}

// refused returns the error of a write whose condition did not hold, and whose rev is not the
// stored one. If an attempt got no response, it may have been applied and overwritten since: then
// the outcome is unknown.
func (c *call) refused(reason error) error {
	if c.lost.Load() {
		return fmt.Errorf("%w: an attempt was not answered, and afterwards: %w", driver.ErrOutcomeUnknown, hideIdentity(reason))
	}
	return reason
}

// hideIdentity keeps reason's text only: errors.Is must not find a conflict, say, if the outcome is
// unknown.
func hideIdentity(reason error) error { return errors.New(reason.Error()) }

// unanswered reports whether an attempt of the SDK's client may have been applied although it
// failed: it was sent, and no response came, or one that can't be read, or a 5xx, after which the
// request may have been applied (see Programming.Errors in AWS's developer guide). An attempt that
// failed before it was sent, for lack of credentials for example, has no response of DynamoDB.
func unanswered(err error) bool {
	status, sent := statusOf(err)
	if !sent || status == 0 {
		return sent && !neverConnected(err)
	}
	return status < http.StatusBadRequest || status >= http.StatusInternalServerError
}

// connectionLost reports whether an attempt was sent and no response came, or not all of it.
func connectionLost(err error) bool {
	status, sent := statusOf(err)
	return sent && status == 0 && !neverConnected(err) || unreadable(err)
}

// unreadable reports whether a response came that broke off, or a success that is not DynamoDB's.
func unreadable(err error) bool {
	var mangled *smithy.DeserializationError
	if !errors.As(err, &mangled) {
		return false
	}
	status, _ := statusOf(err)
	var cut net.Error
	return status >= http.StatusOK && status < http.StatusMultipleChoices || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &cut)
}

// statusOf returns the status of an attempt's response, 0 if none came, and whether the SDK tried
// to send the attempt. A response to a request for credentials, which is another operation, doesn't
// count.
func statusOf(err error) (status int, sent bool) {
	var response *smithyhttp.ResponseError
	var other *smithy.OperationError
	if !errors.As(err, &response) || errors.As(err, &other) {
		return 0, false
	}
	if response.Response == nil { // or it is empty
		return 0, true
	}
	return response.HTTPStatusCode(), true
}

// leavesOpen is unanswered for the error of a whole call. The error may come from an API other than
// the SDK's client, and have no response.
func leavesOpen(err error) bool {
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		return unanswered(operation.Err)
	}
	return !definite(err)
}

// neverConnected reports whether the attempt failed before there was a connection over which it
// could be sent: to a proxy, through it, and with TLS, if there are any.
func neverConnected(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	var refused *awshttp.ProxyError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect" || op.Op == "socks connect"),
		errors.As(err, &dns), errors.As(err, &refused), errors.As(err, &certificate), errors.Is(err, http.ErrSchemeMismatch):
		return true
	}
	return err != nil && strings.Contains(err.Error(), "net/http: TLS handshake timeout") // has no type
}

// definite reports whether err is the service's own refusal of the request.
func definite(err error) bool {
	var internal *types.InternalServerError
	var api smithy.APIError
	return !errors.As(err, &internal) && errors.As(err, &api)
}

// tooLarge reports whether the service refused an update because the item would be too large. The
// check before the call doesn't know attributes that other software keeps in the item.
func tooLarge(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationException" &&
		strings.Contains(api.ErrorMessage(), "exceeded the maximum allowed size")
}
