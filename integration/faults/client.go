package faults

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Client makes a client send through t.
func (t *Transport) Client(o *dynamodb.Options) { o.HTTPClient = &http.Client{Transport: t} }
