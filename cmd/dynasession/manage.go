package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dynasession/dynasession/sessions"
)

// byKey is a scheme whose IDs are stored keys. With it the operator's Manager can end a session of
// which only the handle is known. IDs have a prefix, so that a client's ID is never taken for one.
type byKey struct{ sessions.IDScheme }

const keyPrefix = "key:"

func (byKey) New() sessions.ID { return sessions.IDOf(keyPrefix + rand.Text()) }

func (byKey) Parse(s string) (sessions.ID, error) {
	if !strings.HasPrefix(s, keyPrefix) {
		return sessions.ID{}, sessions.ErrInvalidID
	}
	return sessions.IDOf(s), nil
}

func (byKey) Key(id sessions.ID) string { return strings.TrimPrefix(id.Secret(), keyPrefix) }

// manager returns a Manager on the table. It decodes no data, so it needs neither codec nor key.
func (c *cli) manager(ctx context.Context) (*sessions.Manager[struct{}], error) {
	_, store, err := c.store(ctx)
	if err != nil {
		return nil, err
	}
	return sessions.New(store, &sessions.Config[struct{}]{IDs: byKey{}, Application: c.application, RevocationCheck: time.Minute})
}

func (c *cli) sessionEnd(ctx context.Context, args []string) error {
	m, err := c.manager(ctx)
	if err != nil {
		return err
	}
	client, err := c.client(ctx)
	if err != nil {
		return err
	}
	it, _, err := c.find(ctx, client, args[0])
	if err != nil {
		return err
	}
	// If this session was renewed, DestroyID ends the session that succeeded it.
	if err := m.DestroyID(ctx, keyPrefix+it.text("id")); err != nil {
		return err
	}
	was := "alive"
	if it.kind() == kindMarker {
		was = "ended (" + it.text("ended") + ")"
	}
	if c.json {
		return c.printJSON(map[string]string{"handle": it.handle(), "was": was})
	}
	fmt.Fprintf(c.out, "The session %s is ended; it was %s.\n", it.handle(), text(was))
	return nil
}

// listed is a session in a subject's list.
type listed struct {
	Handle    string    `json:"handle"`
	Created   time.Time `json:"created"`
	Accessed  time.Time `json:"accessed"`
	ExpiresAt time.Time `json:"expiresAt"`
	Device    string    `json:"device,omitempty"`
	DeviceIP  string    `json:"deviceIP,omitempty"`
}

// checkSubject refuses what no session can have as its subject.
func checkSubject(subject string) error {
	if subject == "" || len(subject) > 1024 || !utf8.ValidString(subject) {
		return exit(exitUsage, "SUBJECT has %d bytes: must have at least 1 and at most 1024, of UTF-8", len(subject))
	}
	return nil
}

func (c *cli) subjectList(ctx context.Context, args []string) error {
	if err := checkSubject(args[0]); err != nil {
		return err
	}
	m, err := c.manager(ctx)
	if err != nil {
		return err
	}
	infos, err := m.Sessions(ctx, args[0])
	if err != nil {
		return err
	}
	now := m.Clock().Now()
	all := []listed{}
	for _, i := range infos {
		all = append(all, listed{i.Handle, i.Created, i.Accessed, i.ExpiresAt, i.Device.Name, i.Device.IP})
	}
	if c.json {
		return c.printJSON(map[string]any{"subject": args[0], "sessions": all})
	}
	for _, s := range all {
		fmt.Fprintln(c.out, s.Handle)
		c.row("  device", strings.Trim(s.Device+", "+s.DeviceIP, ", "))
		c.row("  signed in", moment(s.Created, now))
		c.row("  last seen", moment(s.Accessed, now))
		c.row("  expires", moment(s.ExpiresAt, now))
	}
	fmt.Fprintf(c.out, "%d sessions of %s\n", len(all), text(args[0]))
	return nil
}

func (c *cli) endFlags() {
	c.set.Var(&c.except, "except", "the `handle` of a session that stays; may be given several times")
}

func (c *cli) subjectEnd(ctx context.Context, args []string) error {
	if err := checkSubject(args[0]); err != nil {
		return err
	}
	for _, h := range c.except {
		if !handleForm.MatchString(h) {
			return exit(exitUsage, "-except must be a handle, 128 hex digits")
		}
	}
	m, err := c.manager(ctx)
	if err != nil {
		return err
	}
	n, err := m.RevokeAll(ctx, args[0], c.except...)
	if err != nil {
		return fmt.Errorf("%d sessions were ended, others may be alive; run it again: %w", n, err)
	}
	if c.json {
		return c.printJSON(map[string]any{"subject": args[0], "ended": n})
	}
	fmt.Fprintf(c.out, "%d sessions of %s are ended.\n", n, text(args[0]))
	return nil
}

func (c *cli) confirmFlags() {
	c.set.BoolVar(&c.yes, "yes", false, "don't ask for confirmation")
}

func (c *cli) revokeBefore(ctx context.Context, args []string) error {
	m, err := c.manager(ctx)
	if err != nil {
		return err
	}
	// One read, whose response shows the table's time: on a host that is behind, "now" would leave
	// the newest sessions alive.
	if _, err := m.Sessions(ctx, "nobody"); err != nil {
		return err
	}
	now := m.Clock().Now()
	before := now
	if args[0] != "now" {
		if before, err = time.Parse(time.RFC3339, args[0]); err != nil {
			return exit(exitUsage, "TIME %q: must be now, or a time such as 2026-11-26T03:00:00Z", args[0])
		}
		if before.After(now) {
			return exit(exitUsage, "TIME %q: must not be later than now", args[0])
		}
	}
	if err := c.confirm(ctx, before); err != nil {
		return err
	}
	if args[0] == "now" {
		before = m.Clock().Now()
	}
	if err := m.RevokeBefore(ctx, before); err != nil {
		return err
	}
	if c.json {
		return c.printJSON(map[string]any{"before": before.UTC(), "application": c.application})
	}
	fmt.Fprintf(c.out, "Sessions that began before %s are ended, for every service within its Config.RevocationCheck. Services without one don't notice.\n",
		before.UTC().Format(time.RFC3339))
	return nil
}

// confirm asks the operator to confirm, unless -yes was given.
func (c *cli) confirm(ctx context.Context, before time.Time) error {
	if c.yes {
		return nil
	}
	whose := "of " + c.table
	if c.application != "" {
		whose += ", application " + c.application
	}
	fmt.Fprintf(c.errs, "Every session %s that began before %s will be ended: everybody signs in again. An earlier time takes back what a later one has ended.\nType yes: ",
		text(whose), before.UTC().Format(time.RFC3339))
	answer, err := c.readLine(ctx)
	if err != nil || answer == "" {
		fmt.Fprintln(c.errs)
		return &exitError{exitStopped, errors.New("not confirmed; -yes confirms it without a question")}
	}
	if strings.TrimSpace(answer) != "yes" {
		return &exitError{exitStopped, errors.New("not confirmed; nothing was done")}
	}
	return nil
}
