package dynamo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/dynasession/dynasession/dynamo/internal/awshttp"
)

// OpenConfig sets up [Open] and [NewClient]. Every field may be left zero; a nil OpenConfig is the
// zero one.
type OpenConfig struct {
	// Table, EventuallyConsistent, Timeout, Hedge and Logger are those of [Config].
	Table                string
	EventuallyConsistent bool
	Timeout              time.Duration
	Hedge                *Hedge
	Logger               *slog.Logger

	// Region is the AWS region. Defaults to the one in the environment or the shared configuration
	// files.
	Region string

	// Endpoint is a URL to use instead of the region's endpoint, such as that of DynamoDB Local.
	// Defaults to AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL, or those of the shared
	// configuration files. If it is on this machine (localhost, 127.0.0.1, ::1) and the environment
	// has no static credentials, NewClient uses placeholder credentials, and the region defaults to
	// us-east-1: a local engine checks neither.
	Endpoint string
}

func (c *OpenConfig) config() *Config {
	return &Config{Table: c.Table, EventuallyConsistent: c.EventuallyConsistent, Timeout: c.Timeout, Hedge: c.Hedge, Logger: c.Logger}
}

// Open returns a Store with a client of its own: AWS's default configuration, with a connection
// pool for many concurrent small calls. It makes no call to DynamoDB: an error is about the
// configuration. A nil cfg means all defaults.
func Open(ctx context.Context, cfg *OpenConfig) (*Store, error) {
	if cfg == nil {
		cfg = &OpenConfig{}
	}
	client, err := NewClient(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return NewStore(client, cfg.config())
}

// NewClient returns the client that [Open] makes, for callers that also need it for [CreateTable]
// or want to change it. It reads Region, Endpoint and Timeout of cfg.
//
// Its HTTP client keeps up to 256 idle connections, each for 90 s, and finds one dead within 30 s.
// It waits up to 1 s for a connection, 1 s for its TLS handshake and half of Timeout for a
// response, and doesn't request compression. When a response doesn't come in time, or stops coming,
// a [Store] closes the idle connections. A Store on it should have the same Timeout.
func NewClient(ctx context.Context, cfg *OpenConfig) (*dynamodb.Client, error) {
	if cfg == nil {
		cfg = &OpenConfig{}
	}
	if err := checkTimeout("OpenConfig.Timeout", cfg.Timeout); cfg.Timeout != 0 && err != nil {
		return nil, fmt.Errorf("dynamo: %w", err)
	}
	local, err := localEndpoint(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("dynamo: OpenConfig.Endpoint: %w", err)
	}
	client, err := newClient(ctx, cfg, local)
	if err != nil || local {
		return client, err
	}
	// The environment or a profile may have named an endpoint.
	if configured := client.Options().BaseEndpoint; configured != nil {
		if local, err := localEndpoint(*configured); local && err == nil {
			return newClient(ctx, cfg, local)
		}
	}
	return client, nil
}

// newClient is NewClient for an engine on this machine, or elsewhere.
func newClient(ctx context.Context, cfg *OpenConfig, local bool) (*dynamodb.Client, error) {
	awsConfig, err := loadAWS(ctx, cfg.Region, local)
	if err != nil {
		return nil, fmt.Errorf("dynamo: AWS configuration: %w", err)
	}
	return dynamodb.NewFromConfig(awsConfig, func(o *dynamodb.Options) {
		o.HTTPClient = awshttp.Tuned(o.HTTPClient, cfg.config().withDefaults().Timeout)
		if cfg.Endpoint != "" {
			o.BaseEndpoint = &cfg.Endpoint
		}
	}), nil
}

// localRegion is the region for an engine on this machine, where only the signature needs one.
const localRegion = "us-east-1"

// localEndpoint reports whether endpoint is on this machine.
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
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback(), nil
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
