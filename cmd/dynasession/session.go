package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func (c *cli) showFlags() {
	c.findFlags()
	c.set.BoolVar(&c.data, "data", false, "show the session's data too")
}

func (c *cli) findFlags() {
	c.set.BoolVar(&c.scan, "scan", false, "scan the whole table, to find a session of dynamodb-session-web: its handle is not its key")
	c.set.Float64Var(&c.rate, "rate", 100, "limit on the read `units` per second of a scan")
}

// A shown is what session show prints.
type shown struct {
	Handle          string          `json:"handle"`
	State           string          `json:"state"` // alive, expired or ended
	Why             string          `json:"why,omitempty"`
	Subject         string          `json:"subject,omitempty"`
	Application     string          `json:"application,omitempty"`
	Federated       string          `json:"federated,omitempty"`
	Device          string          `json:"device,omitempty"`
	DeviceIP        string          `json:"deviceIP,omitempty"`
	Created         *time.Time      `json:"created,omitempty"`
	Accessed        *time.Time      `json:"accessed,omitempty"`
	ExpiresAt       *time.Time      `json:"expiresAt,omitempty"`
	IdleTimeout     string          `json:"idleTimeout,omitempty"`
	AbsoluteTimeout string          `json:"absoluteTimeout,omitempty"`
	Format          string          `json:"format,omitempty"`
	Size            int64           `json:"size"` // of the item, in bytes
	Data            json.RawMessage `json:"data,omitempty"`
	Text            string          `json:"text,omitempty"` // data that is not JSON
	DataError       string          `json:"dataError,omitempty"`
}

func (c *cli) sessionShow(ctx context.Context, args []string) error {
	client, err := c.client(ctx)
	if err != nil {
		return err
	}
	it, now, err := c.find(ctx, client, args[0])
	if err != nil {
		return err
	}
	s := shown{
		Handle: it.handle(), Subject: it.text("subject"), Application: it.text("application"), Federated: it.text("federated"),
		Device: it.text("device"), DeviceIP: it.text("device_ip"),
		Created: known(it.time("created")), Accessed: known(it.time("accessed")), Size: it.size(),
	}
	if it.kind() == kindMarker {
		s.State, s.Why = "ended", it.text("ended")
	} else if err := c.judge(ctx, client, it, now, &s); err != nil {
		return err
	}
	if c.data && it.kind() == kindSession {
		data, plain, err := readable(it)
		s.Data, s.Text = data, plain
		if err != nil {
			s.DataError = err.Error()
		}
	}
	if c.json {
		return c.printJSON(s)
	}
	c.printShown(s, now)
	return nil
}

// judge sets the state of a session that has no marker: alive, expired, or ended by revoke-before.
func (c *cli) judge(ctx context.Context, client *dynamodb.Client, it item, now time.Time, s *shown) error {
	expires, by := it.expires()
	s.ExpiresAt, s.Format = &expires, it.format()
	s.IdleTimeout, s.AbsoluteTimeout = it.timeout("idle_timeout").String(), it.timeout("absolute_timeout").String()
	s.State = "alive"
	if !now.Before(expires) {
		s.State, s.Why = "expired", by
		return nil
	}
	key := "incident:not-before"
	if app := it.text("application"); app != "" {
		key += ":" + hashOf(app)
	}
	before, _, err := c.get(ctx, client, key)
	if err != nil {
		return err
	}
	if it.time("created").Before(before.time("created")) {
		s.State, s.Why = "ended", "by revoke-before "+before.time("created").Format(time.RFC3339)+", for services with Config.RevocationCheck"
	}
	return nil
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (c *cli) printShown(s shown, now time.Time) {
	at := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return moment(*t, now)
	}
	state := s.State
	if s.Why != "" {
		state += " (" + s.Why + ")"
	}
	c.row("handle", s.Handle)
	c.row("state", state)
	c.row("subject", s.Subject)
	c.row("application", s.Application)
	c.row("federated", s.Federated)
	c.row("device", strings.Trim(s.Device+", "+s.DeviceIP, ", "))
	c.row("created", at(s.Created))
	if s.State == "ended" && s.ExpiresAt == nil {
		c.row("ended", at(s.Accessed))
	} else {
		c.row("accessed", at(s.Accessed))
		c.row("expires", at(s.ExpiresAt))
	}
	if s.IdleTimeout != "" {
		c.row("timeouts", "idle "+s.IdleTimeout+", absolute "+s.AbsoluteTimeout)
	}
	c.row("format", s.Format)
	c.row("size", bytesText(s.Size))
	switch {
	case s.DataError != "":
		c.row("data", s.DataError)
	case s.Data != nil:
		var indented bytes.Buffer
		_ = json.Indent(&indented, s.Data, "", "  ")
		fmt.Fprintf(c.out, "data\n%s\n", clean(indented.String()))
	case s.Text != "":
		fmt.Fprintf(c.out, "data\n%s\n", clean(s.Text))
	}
}

// errNoSession is the error for a handle whose session was not found.
func errNoSession(c *cli) error {
	if c.scan {
		return exit(exitNotFound, "there is no such session in %s", c.table)
	}
	return exit(exitNotFound, "there is no such session in %s; if dynamodb-session-web made it, find it with -scan", c.table)
}

// find returns the item of a session, or its marker if it has ended, and DynamoDB's time.
func (c *cli) find(ctx context.Context, client *dynamodb.Client, handle string) (item, time.Time, error) {
	keys := []string{handle}
	if handle == "-" {
		id, err := c.readID(ctx)
		if err != nil {
			return nil, time.Time{}, err
		}
		handle = hashOf(id)
		keys = []string{handle, id} // dynamodb-session-web uses the ID itself as key
	} else if !handleForm.MatchString(handle) {
		return nil, time.Time{}, exit(exitUsage, "HANDLE must be 128 hex digits, as in logs; to pass an ID, make HANDLE - and write the ID to standard input")
	}
	var now time.Time
	for _, key := range keys {
		it, at, err := c.get(ctx, client, key)
		if err != nil {
			return nil, at, err
		}
		now = at
		if k := it.kind(); (k == kindSession || k == kindMarker) && c.ours(it) {
			return it, now, nil
		}
	}
	if c.scan {
		it, err := c.scanFor(ctx, client, handle)
		if err == nil && it != nil && c.ours(it) {
			return it, now, nil
		} else if err != nil {
			return nil, now, err
		}
	}
	return nil, now, errNoSession(c)
}

// ours reports whether an item belongs to the application of the -application flag.
func (c *cli) ours(it item) bool {
	return c.application == "" || it.kind() == kindMarker || it.text("application") == c.application
}

// get returns the item with a key, nil if there is none, and DynamoDB's time.
func (c *cli) get(ctx context.Context, client *dynamodb.Client, key string) (item, time.Time, error) {
	out, err := client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &c.table, ConsistentRead: new(true), Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: key}},
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	now, ok := awsmiddleware.GetServerTime(out.ResultMetadata)
	if !ok {
		now = time.Now()
	}
	return out.Item, now.UTC(), nil
}

var errNoID = errors.New("no ID on standard input")

// readID reads an ID from a line of input, which may also be a whole cookie.
func (c *cli) readID(ctx context.Context) (string, error) {
	line, err := c.readLine(ctx)
	if err != nil {
		return "", err
	}
	line, _, _ = strings.Cut(strings.TrimSpace(line), ";")
	if name, value, ok := strings.Cut(line, "="); ok && name != "" {
		line = value
	}
	if line == "" {
		return "", &exitError{exitUsage, errNoID}
	}
	return line, nil
}
