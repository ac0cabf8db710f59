package main

import (
	"crypto/sha512"
	"encoding/hex"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec/attribute"
)

// An item is an item of the table in its stored form, which CHANGELOG.md documents. Its methods
// never fail, so that an operator can look at a damaged item: they return a zero value for an
// attribute that is missing or malformed.
type item map[string]types.AttributeValue

// kind is the kind of an item.
type kind int

const (
	kindSession kind = iota
	kindMarker       // what a session that has ended leaves behind
	kindRoster       // a list of sessions
	kindOther        // a Manager's item of another kind, or a foreign item
)

func (it item) kind() kind {
	key := it.text("id")
	switch {
	case strings.HasPrefix(key, "subject:") || strings.HasPrefix(key, "federated:"):
		return kindRoster
	case strings.Contains(key, ":"):
		return kindOther
	case it["ended"] != nil:
		return kindMarker
	case it["idle_timeout"] != nil:
		return kindSession
	default:
		return kindOther
	}
}

func (it item) text(name string) string {
	if s, ok := it[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func (it item) number(name string) int64 {
	if n, ok := it[name].(*types.AttributeValueMemberN); ok {
		i, _ := strconv.ParseInt(n.Value, 10, 64)
		return i
	}
	return 0
}

// timeout returns a timeout. One that no Duration can hold is the longest one, as for a Manager.
func (it item) timeout(name string) time.Duration {
	return time.Duration(min(it.number(name), int64(math.MaxInt64/time.Second))) * time.Second
}

func (it item) time(name string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, it.text(name))
	return t.UTC()
}

// format returns the format of the data.
func (it item) format() string {
	if f := it.text("format"); f != "" {
		return f
	}
	return "json"
}

// size returns the item's size in bytes as DynamoDB counts it: names and values.
func (it item) size() int64 {
	var n int
	for name, value := range it {
		n += len(name) + attribute.SizeOf(value)
	}
	return int64(n)
}

// expires returns when the session expires, and by which timeout. Like a Manager, it computes this
// from the session's timestamps and timeouts.
func (it item) expires() (at time.Time, by string) {
	absolute := it.time("created").Unix() + int64(it.timeout("absolute_timeout")/time.Second)
	idle := it.time("accessed").Unix() + int64(it.timeout("idle_timeout")/time.Second)
	if absolute <= idle {
		return time.Unix(absolute, 0).UTC(), "absolute timeout"
	}
	return time.Unix(idle, 0).UTC(), "idle timeout"
}

var handleForm = regexp.MustCompile(`^[0-9a-f]{128}$`)

// handle returns the handle of the item's session. It is the item's key, unless
// dynamodb-session-web made or shares the session: that key is the session's ID, a secret, so the
// handle is its hash.
func (it item) handle() string {
	key := it.text("id")
	if handleForm.MatchString(key) || strings.Contains(key, ":") {
		return key
	}
	return hashOf(key)
}

// hashOf returns the handle of an ID.
func hashOf(id string) string {
	sum := sha512.Sum512([]byte(id))
	return hex.EncodeToString(sum[:])
}
