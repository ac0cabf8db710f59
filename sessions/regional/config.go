package regional

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/dynasession/dynasession/sessions/driver"
)

// DefaultCopyTimeout is the default of Config.CopyTimeout.
const DefaultCopyTimeout = time.Second

// minCopyTimeout is the shortest useful bound: a round trip to a nearby Region.
const minCopyTimeout = 10 * time.Millisecond

// Config sets up a [Store].
type Config struct {
	// Home is the Region to use at first, one of those given to New. If it is "", every call is
	// refused until SetHome names one.
	Home string

	// CopyTimeout bounds copying a marker into each other Region; at least 10 ms. A logout takes
	// that much longer if such a Region does not respond. Defaults to 1 second.
	CopyTimeout time.Duration

	// Logger receives a warning if a marker could not be copied into another Region. Defaults to
	// slog.Default().
	Logger *slog.Logger
}

// withDefaults returns c with each field but Home set.
func (c *Config) withDefaults() Config {
	var out Config
	if c != nil {
		out = *c
	}
	if out.CopyTimeout == 0 {
		out.CopyTimeout = DefaultCopyTimeout
	}
	if out.Logger == nil {
		out.Logger = slog.Default()
	}
	return out
}

func (c Config) validate(stores map[string]driver.Store) error {
	if len(stores) == 0 {
		return errors.New("there are no Regions: must be at least 1")
	}
	for _, name := range slices.Sorted(maps.Keys(stores)) {
		switch {
		case name == "":
			return errors.New("a Region has no name: must have one")
		case isNil(stores[name]):
			return fmt.Errorf("the store of Region %q is nil", name)
		}
	}
	if c.CopyTimeout < minCopyTimeout {
		return fmt.Errorf("Config.CopyTimeout is %v: must be at least %v", c.CopyTimeout, minCopyTimeout)
	}
	return checkHome("Config.Home", stores, c.Home)
}

// isNil also recognises a nil pointer in the interface, as an Open that failed returns it.
func isNil(store driver.Store) bool {
	v := reflect.ValueOf(store)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// checkHome returns an error unless home is one of the Regions, or "".
func checkHome(field string, stores map[string]driver.Store, home string) error {
	if _, ok := stores[home]; home != "" && !ok {
		return fmt.Errorf("%s is %q: must be one of %s, or empty", field, home, strings.Join(slices.Sorted(maps.Keys(stores)), ", "))
	}
	return nil
}
