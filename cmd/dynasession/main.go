// Command dynasession manages a table of sessions: it creates and checks the table, shows and ends
// sessions, and counts them.
//
//	go run github.com/dynasession/dynasession/cmd/dynasession@latest COMMAND [flags]
//
//	table create                     create the table, or complete an existing one
//	table check                      say what is wrong with the table, and how to mend it
//	table template KIND [ROLE]       print a template: cloudformation, terraform, or policy with a role
//	session show HANDLE              show a session: its times, subject, device, format and size
//	session end HANDLE               end a session
//	subject list SUBJECT             list a subject's sessions
//	subject end SUBJECT              end a subject's sessions
//	revoke-before TIME               end everybody's sessions that began before a time
//	stats                            count the sessions by scanning the table
//
// `dynasession help COMMAND` lists a command's flags. Every command takes
//
//	-table NAME          the table; default app_session
//	-region REGION       the AWS Region; default: from the AWS configuration
//	-profile NAME        a profile of the AWS configuration
//	-endpoint URL        another endpoint, such as DynamoDB Local's
//	-application NAME    one of several applications that share the table
//	-json                print JSON, for programs
//
// Flags may stand before and after arguments. Credentials are found as the AWS SDK finds them by
// default.
//
// A HANDLE names a session in logs, by 128 hex digits; it lets nobody in. In its place "-" reads
// the session's ID from standard input, so that the ID stays out of the shell's history. The
// program never prints an ID, and prints data only with -data.
//
// An interrupt stops it when nothing is left half done, and a second one at once. The exit code is
//
//	0   done
//	1   failed: the table did not answer, or refused the request
//	2   the command line is wrong
//	3   there is no such session
//	4   table check found something wrong
//	5   not confirmed, or stopped before the end
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// The exit codes; the package comment documents them.
const (
	exitDone = iota
	exitFailed
	exitUsage
	exitNotFound
	exitWrong
	exitStopped
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// exitError is an error with an exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func exit(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}

// run runs the program and returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	printed := &printed{Writer: out}
	c := &cli{in: in, out: printed, errs: errs}
	err := c.run(ctx, args)
	if err == nil {
		err = printed.err
	}
	if err == nil {
		return exitDone
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(errs, "dynasession:", clean(text))
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	if ctx.Err() != nil {
		return exitStopped
	}
	return exitFailed
}

// A command is one of the program's commands.
type command struct {
	name    string // one or two words
	args    string // arguments, for the usage line
	summary string
	fewest  int // minimum number of arguments
	most    int
	flags   func(*cli)
	run     func(*cli, context.Context, []string) error
}

var commands = []command{
	{name: "table create", summary: "create the table, or complete an existing one", run: (*cli).tableCreate},
	{name: "table check", summary: "say what is wrong with the table, and how to mend it", run: (*cli).tableCheck},
	{
		name: "table template", args: "cloudformation|terraform|policy [ROLE]", fewest: 1, most: 2, flags: (*cli).templateFlags,
		summary: "print a template, or the policy of a role: " + strings.Join(roles, ", "), run: (*cli).tableTemplate,
	},
	{name: "session show", args: "HANDLE", fewest: 1, most: 1, flags: (*cli).showFlags, summary: "show a session", run: (*cli).sessionShow},
	{name: "session end", args: "HANDLE", fewest: 1, most: 1, flags: (*cli).findFlags, summary: "end a session", run: (*cli).sessionEnd},
	{name: "subject list", args: "SUBJECT", fewest: 1, most: 1, summary: "list a subject's sessions", run: (*cli).subjectList},
	{name: "subject end", args: "SUBJECT", fewest: 1, most: 1, flags: (*cli).endFlags, summary: "end a subject's sessions", run: (*cli).subjectEnd},
	{
		name: "revoke-before", args: "TIME", fewest: 1, most: 1, flags: (*cli).confirmFlags,
		summary: "end everybody's sessions that began before TIME, such as 2026-11-26T03:00:00Z, or now", run: (*cli).revokeBefore,
	},
	{name: "stats", flags: (*cli).statsFlags, summary: "count the sessions by scanning the table", run: (*cli).stats},
}

// find returns the command named by the first words, and the remaining words.
func find(words []string) (command, []string, bool) {
	for _, cmd := range commands {
		if n := len(strings.Fields(cmd.name)); len(words) >= n && strings.Join(words[:n], " ") == cmd.name {
			return cmd, words[n:], true
		}
	}
	return command{}, nil, false
}
