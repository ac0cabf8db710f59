package main

import (
	"crypto/sha512"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/codec/attribute"
)

// An item of the table, read by its stored form, which CHANGELOG.md documents. Nothing of it that
// is mangled makes a command fail: an operator wants to see it.
type item map[string]types.AttributeValue

// kind is what an item is.
type kind int

const (
	kindSession kind = iota
	kindMarker       // of a session that has ended
	kindRoster       // the list of somebody's sessions
	kindOther        // what a Manager keeps for all, or what isn't ours
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

func (it item) time(name string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, it.text(name))
	return t.UTC()
}

// format is that of the data.
func (it item) format() string {
	if f := it.text("format"); f != "" {
		return f
	}
	return "json"
}

// size is what DynamoDB counts the item as: names and values.
func (it item) size() int64 {
	var n int
	for name, value := range it {
		n += len(name) + attribute.SizeOf(value)
	}
	return int64(n)
}

// expires is when the session ends: it is judged by its own times, as a Manager does.
func (it item) expires() (at time.Time, by string) {
	absolute := it.time("created").Unix() + it.number("absolute_timeout")
	idle := it.time("accessed").Unix() + it.number("idle_timeout")
	if absolute <= idle {
		return time.Unix(absolute, 0).UTC(), "absolute timeout"
	}
	return time.Unix(idle, 0).UTC(), "idle timeout"
}

var handleForm = regexp.MustCompile(`^[0-9a-f]{128}$`)

// handle is what may be shown of the item's key. That of a session which dynamodb-session-web has
// made, or shares, is its ID, which may not.
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
