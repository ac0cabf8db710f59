package dynamo

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/dynasession/dynasession/dynamo/internal/hedge"
	"github.com/dynasession/dynasession/dynamo/internal/item"
	"github.com/dynasession/dynasession/sessions/driver"
)

// Store keeps sessions in a DynamoDB table. Make one with [NewStore] or [Open] and pass it to
// sessions.New. It is safe for concurrent use.
type Store struct {
	api        API
	table      *string
	consistent *bool
	timeout    time.Duration
	policy     *retry.Standard
	hedger     *hedge.Hedger // nil: each read is one call
	endpoints  *endpoints
	clock      *serviceClock
	logger     *slog.Logger
	looked     atomic.Bool // whether the table has TTL
}

var _ driver.Store = (*Store)(nil)

// NewStore returns a Store that uses api, usually a [*dynamodb.Client]. It uses the client's
// endpoint, credentials and HTTP client, but not its retries; see the package comment. A nil cfg
// means all defaults. NewStore makes no call: use [CheckTable] to verify the table; otherwise the
// first call fails.
func NewStore(api API, cfg *Config) (*Store, error) {
	if isNil(api) {
		return nil, errors.New("dynamo: NewStore: api is nil")
	}
	c := cfg.withDefaults()
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("dynamo: NewStore: %w", err)
	}
	if err := checkARN(c.Table, api); err != nil {
		return nil, fmt.Errorf("dynamo: NewStore: Config.Table: %w", err)
	}
	return &Store{
		api: api, table: &c.Table, consistent: aws.Bool(!c.EventuallyConsistent),
		timeout: c.Timeout, policy: newPolicy(newBackoff()), hedger: newHedger(c.Hedge),
		endpoints: newEndpoints(), clock: newServiceClock(), logger: c.Logger,
	}, nil
}

// checkARN returns an error if table is an ARN of something else, or of a table in another Region
// than the client calls, which DynamoDB does not find.
func checkARN(table string, api any) error {
	if !strings.HasPrefix(table, "arn:") {
		return nil
	}
	parts := strings.SplitN(table, ":", 6)
	if len(parts) < 6 || parts[2] != "dynamodb" || parts[3] == "" || len(parts[5]) <= len("table/") || !strings.HasPrefix(parts[5], "table/") {
		return errors.New("must be a table's name or ARN, such as arn:aws:dynamodb:eu-west-1:123456789012:table/app_session")
	}
	if client, ok := api.(interface{ Options() dynamodb.Options }); ok {
		if o := client.Options(); o.BaseEndpoint == nil && o.Region != "" && o.Region != parts[3] {
			return fmt.Errorf("the ARN is of a table in %s, and the client calls %s: must be the same Region", parts[3], o.Region)
		}
	}
	return nil
}

// isNil also recognises a nil pointer in an interface.
func isNil(api any) bool {
	v := reflect.ValueOf(api)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// Name returns the table's name, even if Config.Table is its ARN.
func (s *Store) Name() string { return (*s.table)[strings.LastIndexByte(*s.table, '/')+1:] }

// String returns a description that names the table.
func (s *Store) String() string { return "dynamo.Store of table " + *s.table }

func keyOf(key string) item.Item { return item.Item{item.IDName: item.Text(key)} }
