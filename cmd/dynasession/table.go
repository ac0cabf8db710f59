package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

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

// verdict is what a finding says.
type verdict string

const (
	fine   verdict = "ok"
	advice verdict = "advice" // works, and could be better
	wrong  verdict = "wrong"
)

// A finding is one thing that table check has looked at.
type finding struct {
	Check   string  `json:"check"`
	Verdict verdict `json:"verdict"`
	Says    string  `json:"says"`
}

// maxSkew is by how much this host's clock may differ from DynamoDB's. Sessions are judged to the second.
const maxSkew = 5 * time.Second

func (c *cli) tableCheck(ctx context.Context, _ []string) error {
	client, err := c.client(ctx)
	if err != nil {
		return err
	}
	out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &c.table})
	if err != nil {
		return c.explain(err)
	}
	findings := fits(dynamo.CheckTable(ctx, client, c.table))
	findings = append(findings, checkBilling(out.Table), checkEncryption(out.Table), c.checkRecovery(ctx, client), checkDeletion(out.Table), checkClock(out))

	bad := 0
	for _, f := range findings {
		if f.Verdict == wrong {
			bad++
		}
	}
	if c.json {
		if err := c.printJSON(map[string]any{"table": c.table, "ok": bad == 0, "findings": findings}); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			fmt.Fprintf(c.out, "%-7s %-20s %s\n", f.Verdict, f.Check, text(f.Says))
		}
	}
	if bad > 0 {
		return exit(exitWrong, "table %s: wrong: %d of %d", c.table, bad, len(findings))
	}
	return nil
}

// explain says what to do about a call that failed.
func (c *cli) explain(err error) error {
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
		return fmt.Errorf("the table %s does not exist in this Region and account: create it by `dynasession table create`, or see -region and -profile: %w", c.table, err)
	}
	return err
}

// fits makes findings of what dynamo.CheckTable says: each line of it is one.
func fits(err error) []finding {
	if err == nil {
		return []finding{{"key and TTL", fine, "partition key id, TTL on expires"}}
	}
	var found []finding
	for line := range strings.SplitSeq(err.Error(), "\n") {
		found = append(found, finding{"key and TTL", wrong, line})
	}
	return found
}

func checkBilling(t *types.TableDescription) finding {
	if b := t.BillingModeSummary; b != nil && b.BillingMode == types.BillingModePayPerRequest {
		return finding{"billing", fine, "on demand"}
	}
	return finding{"billing", advice, "provisioned capacity: a rush of visitors is throttled unless it is scaled in time; " +
		"aws dynamodb update-table --billing-mode PAY_PER_REQUEST"}
}

func checkEncryption(t *types.TableDescription) finding {
	sse := t.SSEDescription
	switch {
	case sse == nil || sse.Status == types.SSEStatusDisabled:
		return finding{"encryption", fine, "by the key that AWS owns"}
	case sse.InaccessibleEncryptionDateTime != nil:
		return finding{"encryption", wrong, fmt.Sprintf("the key can't be used since %s: enable it, or let DynamoDB use it again, within seven days",
			sse.InaccessibleEncryptionDateTime.UTC().Format(time.RFC3339))}
	default:
		return finding{"encryption", fine, "by a KMS key"}
	}
}

func (c *cli) checkRecovery(ctx context.Context, client *dynamodb.Client) finding {
	const name = "recovery"
	out, err := client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &c.table})
	if err != nil {
		why := err.Error()
		if e, ok := errors.AsType[smithy.APIError](err); ok {
			why = e.ErrorCode()
		}
		return finding{name, advice, "can't be seen (" + why + "); it takes dynamodb:DescribeContinuousBackups"}
	}
	d := out.ContinuousBackupsDescription
	if d == nil || d.PointInTimeRecoveryDescription == nil || d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus != types.PointInTimeRecoveryStatusEnabled {
		return finding{name, fine, "off: a table that is lost signs everybody out, and loses what was only in sessions"}
	}
	return finding{name, fine, "on: a restore brings back sessions that were ended since; run revoke-before on the restored table"}
}

func checkDeletion(t *types.TableDescription) finding {
	if t.DeletionProtectionEnabled != nil && *t.DeletionProtectionEnabled {
		return finding{"deletion protection", fine, "on"}
	}
	return finding{"deletion protection", advice, "off: aws dynamodb update-table --deletion-protection-enabled"}
}

// checkClock compares this host's clock with the Date of an answer.
func checkClock(out *dynamodb.DescribeTableOutput) finding {
	const name = "this host's clock"
	there, ok := awsmiddleware.GetServerTime(out.ResultMetadata)
	here, ok2 := awsmiddleware.GetResponseAt(out.ResultMetadata)
	if !ok || !ok2 {
		return finding{name, advice, "can't be compared: the answer had no Date"}
	}
	skew := here.Sub(there).Truncate(time.Second) // a Date has whole seconds
	if skew.Abs() > maxSkew {
		way := "ahead of"
		if skew < 0 {
			way = "behind"
		}
		return finding{name, wrong, fmt.Sprintf("is %v %s DynamoDB's: sessions end at another time than they should; let NTP set it", skew.Abs(), way)}
	}
	return finding{name, fine, fmt.Sprintf("agrees with DynamoDB's to %v", maxSkew)}
}
