package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/dynasession/dynasession/dynamo"
)

// callTimeout is the timeout of one call to the table. It is longer than a service's, since the
// operator would rather wait than see it fail.
const callTimeout = 10 * time.Second

// cli is one run of the program: its streams and flags.
type cli struct {
	in   io.Reader
	out  *printed
	errs io.Writer
	set  *flag.FlagSet

	// Flags of every command.
	table, region, profile, endpoint, application string
	json                                          bool

	// Flags of some commands.
	account      string     // table template
	data         bool       // session show
	scan         bool       // session show, session end
	yes          bool       // revoke-before
	except       stringList // subject end
	state        string     // stats
	estimateOnly bool
	rate, price  float64
	workers      int
}

// stringList is a flag that may be repeated.
type stringList []string

func (l *stringList) String() string     { return fmt.Sprint([]string(*l)) }
func (l *stringList) Set(s string) error { *l = append(*l, s); return nil }

// errUsage means that the usage was already printed.
var errUsage = &exitError{exitUsage, errors.New("")}

func (c *cli) run(ctx context.Context, args []string) error {
	c.set = flag.NewFlagSet("dynasession", flag.ContinueOnError)
	c.set.SetOutput(c.errs)
	c.set.Usage = func() { c.usage(c.errs) }
	c.commonFlags()
	switch err := c.set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return errUsage
	}
	words := c.set.Args()
	if len(words) > 0 && words[0] == "help" {
		cmd, _, ok := find(words[1:])
		if !ok {
			c.usage(c.out)
			return nil
		}
		c.prepare(cmd, c.out)
		c.set.Usage()
		return nil
	}
	cmd, rest, ok := find(words)
	if !ok {
		c.usage(c.errs)
		return errUsage
	}
	c.prepare(cmd, c.errs)
	positional, err := parse(c.set, rest)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return errUsage
	case len(positional) < cmd.fewest || len(positional) > cmd.most:
		c.set.Usage()
		return errUsage
	}
	if err := c.validate(); err != nil {
		return err
	}
	return c.explain(cmd.run(c, ctx, positional))
}

// validate checks the values of flags that every command takes.
func (c *cli) validate() error {
	endpoint, err := url.Parse(c.endpoint)
	web := err == nil && (endpoint.Scheme == "http" || endpoint.Scheme == "https") && endpoint.Host != ""
	switch {
	case c.table == "":
		return exit(exitUsage, "-table is empty: must name a table")
	case len(c.application) > 256 || !utf8.ValidString(c.application):
		return exit(exitUsage, "-application has %d bytes: must have at most 256 of UTF-8", len(c.application))
	case c.endpoint != "" && !web:
		return exit(exitUsage, "-endpoint: must be a URL such as http://127.0.0.1:8000")
	}
	return nil
}

// prepare makes the flag set of a command. Flags given before the command's name keep their values.
func (c *cli) prepare(cmd command, usage io.Writer) {
	given := map[string]string{} // copied first: the new flag set resets every field to its default
	c.set.Visit(func(f *flag.Flag) { given[f.Name] = f.Value.String() })
	c.set = flag.NewFlagSet("dynasession "+cmd.name, flag.ContinueOnError)
	c.set.SetOutput(usage)
	c.set.Usage = func() {
		fmt.Fprintf(usage, "dynasession %s %s\n%s\n\n", cmd.name, cmd.args, cmd.summary)
		c.set.PrintDefaults()
	}
	c.commonFlags()
	if cmd.flags != nil {
		cmd.flags(c)
	}
	for name, value := range given {
		_ = c.set.Set(name, value) // no error: this value was parsed before
	}
}

func (c *cli) commonFlags() {
	c.set.StringVar(&c.table, "table", dynamo.DefaultTable, "the table's `name`")
	c.set.StringVar(&c.region, "region", "", "the AWS `Region`; default: from the AWS configuration")
	c.set.StringVar(&c.profile, "profile", "", "the `name` of a profile of the AWS configuration")
	c.set.StringVar(&c.endpoint, "endpoint", "", "the `URL` of another endpoint, such as DynamoDB Local's")
	c.set.StringVar(&c.application, "application", "", "the `name` of one of several applications that share the table")
	c.set.BoolVar(&c.json, "json", false, "print JSON, for programs")
}

// parse parses flags before, between and after the arguments, and returns the arguments.
func parse(set *flag.FlagSet, args []string) (positional []string, err error) {
	for {
		if err := set.Parse(args); err != nil {
			return nil, err
		}
		if args = set.Args(); len(args) == 0 {
			return positional, nil
		}
		positional, args = append(positional, args[0]), args[1:]
	}
}

func (c *cli) usage(to io.Writer) {
	fmt.Fprint(to, "dynasession manages a table of sessions.\n\n")
	for _, cmd := range commands {
		fmt.Fprintf(to, "  dynasession %s %s\n      %s\n", cmd.name, cmd.args, cmd.summary)
	}
	fmt.Fprint(to, "\nEvery command takes -table, -region, -profile, -endpoint, -application and -json; see dynasession help COMMAND.\n")
}

// client returns a DynamoDB client configured by the flags.
func (c *cli) client(ctx context.Context) (*dynamodb.Client, error) {
	if c.profile != "" {
		if err := os.Setenv("AWS_PROFILE", c.profile); err != nil {
			return nil, err
		}
	}
	client, err := dynamo.NewClient(ctx, &dynamo.OpenConfig{Region: c.region, Endpoint: c.endpoint, Timeout: callTimeout})
	if err != nil || c.endpoint == "" {
		return client, err
	}
	// DynamoDB Local's error responses have no checksum. Without this option the SDK would log
	// a warning for each, amid the command's output.
	return dynamodb.New(client.Options(), func(o *dynamodb.Options) { o.DisableValidateResponseChecksum = true }), nil
}

// store returns a client and a store that uses it.
func (c *cli) store(ctx context.Context) (*dynamodb.Client, *dynamo.Store, error) {
	client, err := c.client(ctx)
	if err != nil {
		return nil, nil, err
	}
	store, err := dynamo.NewStore(client, &dynamo.Config{Table: c.table, Timeout: callTimeout})
	return client, store, err
}
