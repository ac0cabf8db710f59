package dynamo

import (
	"fmt"
	"log/slog"
	"time"
)

// The defaults of a [Config].
const (
	DefaultTable   = "app_session"
	DefaultTimeout = 2 * time.Second
)

// minTimeout is the shortest useful bound of a call: one round trip within a region, with room for
// a slow one.
const minTimeout = 10 * time.Millisecond

// Config sets up a [Store]. Every field may be left zero; a nil Config is the zero one.
type Config struct {
	// Table is the name of the table, or its ARN. Defaults to "app_session".
	Table string

	// EventuallyConsistent halves the cost of reading sessions, but reads may miss the newest
	// writes: a session that was destroyed or renewed may still load for a moment. Off by default.
	EventuallyConsistent bool

	// Timeout bounds each call including its retries and the pauses between them; at least 10 ms.
	// Defaults to 2 seconds.
	Timeout time.Duration

	// Hedge sends late reads a second time; see [Hedge]. Defaults to nil: no read is hedged.
	Hedge *Hedge

	// Logger receives a warning if the table's TTL is off. A Store checks once, after its first
	// write, by a DescribeTimeToLive that may fail. Defaults to slog.Default().
	Logger *slog.Logger
}

// withDefaults returns c with each field set.
func (c *Config) withDefaults() Config {
	var out Config
	if c != nil {
		out = *c
	}
	if out.Table == "" {
		out.Table = DefaultTable
	}
	if out.Timeout == 0 {
		out.Timeout = DefaultTimeout
	}
	if out.Logger == nil {
		out.Logger = slog.Default()
	}
	if out.Hedge != nil {
		hedge := out.Hedge.withDefaults()
		out.Hedge = &hedge
	}
	return out
}

// validate returns an error that names the field and the bound it breaks.
func (c Config) validate() error {
	if err := checkTableName("Config.Table", c.Table); err != nil {
		return err
	}
	if c.Timeout < minTimeout {
		return fmt.Errorf("Config.Timeout is %v: must be at least %v", c.Timeout, minTimeout)
	}
	if c.Hedge != nil {
		return c.Hedge.validate(c.Timeout)
	}
	return nil
}
