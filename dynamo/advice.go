package dynamo

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// advise adds to an error that an operator can mend what to do about it.
func advise(err error) error {
	if advice := adviceFor(err); advice != "" {
		return fmt.Errorf("%s: %w", advice, err)
	}
	return err
}

func adviceFor(err error) string {
	var missing *types.ResourceNotFoundException
	var api smithy.APIError
	switch {
	case errors.As(err, &missing):
		return "the table does not exist in this account and region: create it with dynamo.CreateTable, or name another"
	case errors.As(err, &api):
		return adviceForCode(api)
	}
	switch text := err.Error(); {
	case strings.Contains(text, "Missing Region"):
		return "no AWS region: set OpenConfig.Region, AWS_REGION, or the region of the profile"
	case strings.Contains(text, "get identity") || strings.Contains(text, "credentials"):
		return "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine a role"
	}
	return ""
}

func adviceForCode(err smithy.APIError) string {
	switch err.ErrorCode() {
	case "AccessDeniedException":
		return "the role must allow dynamodb:GetItem, PutItem, UpdateItem and DeleteItem on the table"
	case "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException", "IncompleteSignatureException":
		return "AWS does not accept the credentials: renew them"
	case "ValidationException":
		if strings.Contains(err.ErrorMessage(), "schema") {
			return "the table's key must be `id`, a string, without a sort key: see dynamo.CheckTable"
		}
	}
	return ""
}
