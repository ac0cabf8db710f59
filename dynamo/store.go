package dynamo

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/sessions"
)

// Store keeps sessions in a table of DynamoDB. Make one with [NewStore] or [Open] and hand it to [sessions.New]. It is safe for
// concurrent use.
type Store struct {
	api        API
	table      *string
	consistent *bool
	timeout    time.Duration
	policy     *retry.Standard
	endpoints  *endpoints
	hedger     *hedger // nil: reads are made once
}

var _ sessions.Store = (*Store)(nil)

// NewStore returns a Store that works on a table through api, usually a [*dynamodb.Client]. Its endpoint, credentials and
// HTTP client are as they are; its retries are not used, see the package comment. A nil cfg means all defaults. NewStore
// makes no call: whether the table is there shows [CheckTable], or the first use.
func NewStore(api API, cfg *Config) (*Store, error) {
	if v := reflect.ValueOf(api); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, errors.New("dynamo: NewStore: api is nil")
	}
	c := cfg.withDefaults()
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("dynamo: NewStore: %w", err)
	}
	return &Store{
		api: api, table: &c.Table, consistent: aws.Bool(!c.EventuallyConsistent),
		timeout: c.Timeout, policy: newPolicy(newBackoff()), endpoints: newEndpoints(), hedger: newHedger(c.Hedge),
	}, nil
}

// String tells the table.
func (s *Store) String() string { return "dynamo.Store of table " + *s.table }

func keyOf(key string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{attrID: &types.AttributeValueMemberS{Value: key}}
}
