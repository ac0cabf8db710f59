package dynamo

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// localRegion is the region of an engine on this machine, which needs one for the signature only.
const localRegion = "us-east-1"

// localEndpoint reports whether endpoint is one of this machine.
func localEndpoint(endpoint string) (bool, error) {
	if endpoint == "" {
		return false, nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return false, errors.New("must be a URL such as http://127.0.0.1:8000")
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback(), nil
}

// loadAWS returns AWS's default configuration, completed for an engine on this machine.
func loadAWS(ctx context.Context, region string, local bool) (aws.Config, error) {
	var options []func(*config.LoadOptions) error
	if region != "" {
		options = append(options, config.WithRegion(region))
	} else if local {
		options = append(options, config.WithDefaultRegion(localRegion))
	}
	if local && os.Getenv("AWS_ACCESS_KEY_ID") == "" {
		placeholder := credentials.NewStaticCredentialsProvider("local", "local", "")
		options = append(options, config.WithCredentialsProvider(placeholder))
	}
	return config.LoadDefaultConfig(ctx, options...)
}
