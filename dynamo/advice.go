package dynamo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/dynasession/dynasession/dynamo/internal/awshttp"
)

// advise adds instructions to an error that an operator can fix.
func (s *Store) advise(err error) error {
	return advise(err, *s.table, regionOf(s.api))
}

func advise(err error, table, region string) error {
	if advice := adviceFor(err, table, region); advice != "" {
		return fmt.Errorf("%s: %w", advice, err)
	}
	return err
}

// regionOf returns the region or endpoint that a client of the SDK calls, "" if it is unknown.
func regionOf(api any) string {
	client, ok := api.(interface{ Options() dynamodb.Options })
	if !ok {
		return ""
	}
	o := client.Options()
	if o.BaseEndpoint != nil {
		return *o.BaseEndpoint
	}
	return o.Region
}

func adviceFor(err error, table, region string) string {
	var missing *types.ResourceNotFoundException
	var api smithy.APIError
	var proxy *awshttp.ProxyError
	switch {
	case strings.Contains(err.Error(), "get credentials"): // not DynamoDB's own error
		return adviceForCredentials(err)
	case errors.As(err, &proxy):
		return "the HTTP proxy must let requests to DynamoDB through: look at HTTPS_PROXY, NO_PROXY and the proxy's rules"
	case errors.As(err, &missing):
		where := "this account and region"
		if region != "" {
			where = "this account and " + region
		}
		return fmt.Sprintf("table %q does not exist in %s, or is not ready yet: name the right table or set the right region, "+
			"or create it with dynamo.CreateTable", table, where)
	case len(reasonsOf(err)) > 0:
		return adviceForThrottling(reasonsOf(err))
	case errors.As(err, &api):
		return adviceForCode(api)
	}
	switch text := err.Error(); {
	case strings.Contains(text, "Missing Region"):
		return "no AWS region: set OpenConfig.Region, AWS_REGION, or the region of the profile"
	case strings.Contains(text, "get identity") || strings.Contains(text, "credentials"):
		return adviceNoCredentials
	}
	return ""
}

// adviceForCredentials is the advice about an error of whatever issues the credentials.
func adviceForCredentials(err error) string {
	issuer := ""
	for e, op := err, (*smithy.OperationError)(nil); errors.As(e, &op); e = op.Err {
		issuer = op.Service()
	}
	switch {
	case strings.Contains(err.Error(), "SSO session has expired"):
		return "no AWS credentials: sign in by `aws sso login`"
	case issuer != "" && issuer != dynamodb.ServiceID && issuer != "ec2imds":
		return fmt.Sprintf("no AWS credentials: %s did not issue them; look at the role, who may assume it, and the network", issuer)
	case errors.Is(err, context.DeadlineExceeded):
		return "the AWS credentials did not come in time: look at what issues them (IMDS, STS, a container's agent, a process)"
	}
	return adviceNoCredentials
}

// reasonsOf returns why the service throttled a request, if it says so.
func reasonsOf(err error) []types.ThrottlingReason {
	var provisioned *types.ProvisionedThroughputExceededException
	var limit *types.RequestLimitExceeded
	var throttled *types.ThrottlingException
	switch {
	case errors.As(err, &provisioned):
		return provisioned.ThrottlingReasons
	case errors.As(err, &limit):
		return limit.ThrottlingReasons
	case errors.As(err, &throttled):
		return throttled.ThrottlingReasons
	}
	return nil
}

// adviceForThrottling goes by the end of the first reason that it knows, such as
// TableWriteKeyRangeThroughputExceeded.
func adviceForThrottling(reasons []types.ThrottlingReason) string {
	for _, r := range reasons {
		for ending, advice := range map[string]string{
			"KeyRangeThroughputExceeded": "one partition of the table is overloaded, by many requests for one session or one user: " +
				"docs/scale.md says what helps",
			"MaxOnDemandThroughputExceeded": "the table's maximum on-demand throughput is reached: raise it",
			"AccountLimitExceeded":          "the account's quota for the throughput of a table is reached: have it raised in Service Quotas",
			"ProvisionedThroughputExceeded": "the table's provisioned capacity is used up: raise it, let it scale by itself, or set the table to on-demand",
		} {
			if strings.HasSuffix(aws.ToString(r.Reason), ending) {
				return advice
			}
		}
	}
	return ""
}

func adviceForCode(err smithy.APIError) string {
	message := err.ErrorMessage()
	switch err.ErrorCode() {
	case "AccessDeniedException":
		if strings.Contains(message, "kms:") {
			return "DynamoDB can't use the table's KMS key: enable the key and grant its use; dynamo.CheckTable says more"
		}
		return "the role must allow dynamodb:GetItem, BatchGetItem, PutItem, UpdateItem and DeleteItem on the table, and so must the policies " +
			"of the table, the VPC endpoint and the organization, if there are any"
	case "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture":
		return adviceClock
	case "InvalidSignatureException":
		if strings.Contains(message, "expired") || strings.Contains(message, "not yet current") {
			return adviceClock
		}
		return adviceCredentials
	case "UnrecognizedClientException", "ExpiredTokenException", "IncompleteSignatureException", "InvalidClientTokenId",
		"MissingAuthenticationTokenException", "MissingAuthenticationToken":
		return adviceCredentials
	case "ValidationException":
		if strings.Contains(message, "schema") || strings.Contains(message, "number of conditions on the keys") {
			return "the table's partition key must be `id`, a string, without a sort key; a table's key can't be changed, so " +
				"create another table: dynamo.CheckTable says what is wrong"
		}
	}
	return ""
}

const (
	adviceClock         = "this host's clock is more than 5 minutes off: set it by NTP (chrony, systemd-timesyncd)"
	adviceNoCredentials = "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine a role"
	adviceCredentials   = "AWS does not accept the credentials: renew them"
)

// ttlWait bounds how long the first write waits for lookForTTL.
const ttlWait = 500 * time.Millisecond

// lookForTTL warns if the table's TTL is off, after the store's first write: otherwise nobody would
// notice for months, until the table has grown. It logs nothing if the role may not ask, or if the
// response takes longer than ttlWait.
func (s *Store) lookForTTL(ctx context.Context) {
	if s.looked.Load() || s.looked.Swap(true) {
		return
	}
	api, ok := s.api.(ttlAPI)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, ttlWait)
	defer cancel()
	out, err := api.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: s.table}, s.once)
	if err != nil || out.TimeToLiveDescription == nil {
		return
	}
	if f := checkTTL(ttlOf(out)); f.Verdict == Wrong {
		s.logger.WarnContext(ctx, "dynamo: "+f.Says, slog.String("table", *s.table))
	}
}
