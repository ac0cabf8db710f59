package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/dynasession/dynasession/dynamo"
)

func (c *cli) tableCreate(ctx context.Context, _ []string) error {
	client, err := c.client(ctx)
	if err != nil {
		return err
	}
	if err := dynamo.CreateTable(ctx, client, c.table); err != nil {
		return err
	}
	if c.json {
		return c.printJSON(map[string]string{"table": c.table})
	}
	fmt.Fprintf(c.out, "The table %s is ready: partition key id, TTL on expires.\n", c.table)
	return nil
}

func (c *cli) tableCheck(ctx context.Context, _ []string) error {
	client, err := c.client(ctx)
	if err != nil {
		return err
	}
	report, err := dynamo.Inspect(ctx, client, c.table)
	if err != nil {
		return err
	}
	if c.json {
		err = c.printJSON(map[string]any{"table": report.Table, "ok": report.OK(), "findings": report.Findings})
	} else {
		_, err = fmt.Fprint(c.out, clean(report.String()))
	}
	if err == nil && !report.OK() {
		err = exit(exitWrong, "something is wrong with the table %s", c.table)
	}
	return err
}

// explain replaces DynamoDB's error for a missing table by one that says what to do.
func (c *cli) explain(err error) error {
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
		return fmt.Errorf("the table %s does not exist in this Region and account: create it by `dynasession table create`, or see -region and -profile", c.table)
	}
	return err
}
