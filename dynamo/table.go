package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/dynasession/dynasession/dynamo/internal/item"
)

// tableWait bounds how long CreateTable waits for the table: on AWS it takes some seconds. The
// context may bound it further.
const tableWait = 2 * time.Minute

// CreateTable creates the table of a [Store], billed on demand, with TTL on `expires`, and waits
// until it is ready. If the table exists already, CreateTable enables its TTL if necessary, changes
// nothing else, and returns an error if its key or TTL attribute is wrong. If it is being deleted,
// CreateTable waits until it is gone. Call it when deploying, not when serving.
func CreateTable(ctx context.Context, api TableAPI, table string) error {
	if err := checkTable(api, table); err != nil {
		return fmt.Errorf("dynamo: CreateTable: %w", err)
	}
	_, err := api.CreateTable(ctx, createTableInput(table))
	var exists *types.ResourceInUseException
	if errors.As(err, &exists) && isBeingDeleted(ctx, api, table) {
		waiter := dynamodb.NewTableNotExistsWaiter(api, func(o *dynamodb.TableNotExistsWaiterOptions) {
			o.MinDelay, o.MaxDelay = 100*time.Millisecond, 5*time.Second
		})
		if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &table}, tableWait); err != nil {
			return fmt.Errorf("dynamo: wait until table %q is deleted: %w", table, err)
		}
		_, err = api.CreateTable(ctx, createTableInput(table))
	}
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("dynamo: create table %q: %w", table, advise(err, table, regionOf(api)))
	}
	waiter := dynamodb.NewTableExistsWaiter(api, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 100*time.Millisecond, 5*time.Second
	})
	if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &table}, tableWait); err != nil {
		return fmt.Errorf("dynamo: wait for table %q: %w", table, err)
	}
	if err := enableTTL(ctx, api, table); err != nil {
		return err
	}
	r, err := Inspect(ctx, api, table)
	if err != nil {
		return err
	}
	return r.wrong(CheckKey, CheckTTL)
}

func isBeingDeleted(ctx context.Context, api TableAPI, table string) bool {
	out, err := api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	return err == nil && out.Table != nil && out.Table.TableStatus == types.TableStatusDeleting
}

func createTableInput(table string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName:            &table,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String(item.IDName), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String(item.IDName), KeyType: types.KeyTypeHash}},
	}
}

// enableTTL switches TTL on unless it is on already, on whatever attribute: AWS accepts one change
// an hour.
func enableTTL(ctx context.Context, api TableAPI, table string) error {
	ttl, err := describeTTL(ctx, api, table)
	if err != nil {
		return err
	}
	if ttl.on {
		return nil
	}
	_, err = api.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: &table,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(item.ExpiresName), Enabled: aws.Bool(true),
		},
	})
	if err == nil {
		return nil
	}
	// A concurrent deployment may have enabled it.
	if ttl, again := describeTTL(ctx, api, table); again == nil && ttl.on {
		return nil
	}
	return fmt.Errorf("dynamo: enable TTL of table %q: %w", table, err)
}

func describeTTL(ctx context.Context, api ttlAPI, table string) (ttlState, error) {
	out, err := api.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &table})
	if err != nil {
		return ttlState{}, fmt.Errorf("dynamo: describe TTL of table %q: %w", table, advise(err, table, regionOf(api)))
	}
	return ttlOf(out), nil
}

// maxTableName is the length of the longest table ARN that DynamoDB takes.
const maxTableName = 1024

// checkTable checks the arguments of a function about a table.
func checkTable(api TableAPI, table string) error {
	if isNil(api) {
		return errors.New("api is nil")
	}
	return checkTableName("table", table)
}

func checkTableName(field, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s is empty: must name a table", field)
	case len(name) > maxTableName:
		return fmt.Errorf("%s has %d characters: must have at most %d", field, len(name), maxTableName)
	}
	return nil
}

func ttlOf(out *dynamodb.DescribeTimeToLiveOutput) ttlState {
	d := out.TimeToLiveDescription
	if d == nil {
		return ttlState{}
	}
	on := d.TimeToLiveStatus == types.TimeToLiveStatusEnabled || d.TimeToLiveStatus == types.TimeToLiveStatusEnabling
	return ttlState{on: on, attribute: aws.ToString(d.AttributeName)}
}

// CheckTable returns nil if a [Store] can use the table as it is. Otherwise the error says
// everything that is wrong and how to mend it: a table that is not ready; a key other than `id`, a
// string, without a sort key; TTL that is off, or on another attribute; an encryption key that
// can't be used; a clock of this host that differs from the service's by more than 5 s. It changes
// nothing. It needs dynamodb:DescribeTable and DescribeTimeToLive. [Inspect] reports more.
func CheckTable(ctx context.Context, api TableAPI, table string) error {
	r, err := Inspect(ctx, api, table)
	if err != nil {
		return err
	}
	return r.wrong()
}

// Report has the results of [Inspect].
type Report struct {
	Table    string    `json:"table"`
	Findings []Finding `json:"findings"`
}

// Finding is the result of one check of Inspect.
type Finding struct {
	Check   Check   `json:"check"`
	Verdict Verdict `json:"verdict"`
	Says    string  `json:"says"` // what was found, and how to mend it if it isn't fine
}

// Check identifies a check of Inspect.
type Check string

// The checks of Inspect. A Report has one Finding for each, in this order.
const (
	CheckStatus     Check = "status"
	CheckKey        Check = "key"
	CheckTTL        Check = "TTL"
	CheckBilling    Check = "billing"
	CheckEncryption Check = "encryption"
	CheckRecovery   Check = "recovery"
	CheckDeletion   Check = "deletion protection"
	CheckRegions    Check = "Regions"
	CheckClock      Check = "clock"
)

// Verdict is the severity of a Finding.
type Verdict string

// The verdicts, from the best to the worst.
const (
	Fine   Verdict = "ok"
	Advice Verdict = "advice" // a Store works with it, but it could be improved
	Wrong  Verdict = "wrong"  // sessions are lost, never deleted, or end at the wrong time
)

// OK reports whether nothing is wrong.
func (r Report) OK() bool { return r.wrong() == nil }

// String returns a line for each Finding.
func (r Report) String() string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%-7s %-20s %s\n", f.Verdict, f.Check, f.Says)
	}
	return b.String()
}

// wrong returns an error that lists what is wrong in the given checks, or in all; nil if nothing
// is.
func (r Report) wrong(of ...Check) error {
	var errs []error
	for _, f := range r.Findings {
		if f.Verdict == Wrong && (len(of) == 0 || slices.Contains(of, f.Check)) {
			errs = append(errs, errors.New(f.Says))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("dynamo: table %q: %w", r.Table, err)
	}
	return nil
}

// Inspect checks everything about a table that matters to a [Store]: status, key, TTL, billing,
// encryption, recovery, deletion protection, Regions, and whether this host's clock agrees with the
// service's. It changes nothing. It returns an error only if a call fails; problems of the table
// are in the Report.
//
// It needs dynamodb:DescribeTable and DescribeTimeToLive, and for the recovery check
// dynamodb:DescribeContinuousBackups; without it that Finding says so.
func Inspect(ctx context.Context, api TableAPI, table string) (Report, error) {
	if err := checkTable(api, table); err != nil {
		return Report{}, fmt.Errorf("dynamo: Inspect: %w", err)
	}
	out, err := api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		return Report{}, fmt.Errorf("dynamo: describe table %q: %w", table, advise(err, table, regionOf(api)))
	}
	if out.Table == nil {
		return Report{}, fmt.Errorf("dynamo: describe table %q: the service described no table", table)
	}
	ttl, err := describeTTL(ctx, api, table)
	if err != nil {
		return Report{}, err
	}
	checkedTTL := checkTTL(ttl)
	if !ttl.on && out.Table.MultiRegionConsistency == types.MultiRegionConsistencyStrong {
		checkedTTL = Finding{CheckTTL, Advice, "off, as a table with multi-Region strong consistency has none: " +
			"delete items whose `expires` has passed by a job of your own, or they stay for ever"}
	}
	return Report{Table: table, Findings: []Finding{
		checkStatus(out.Table.TableStatus), checkKey(out.Table), checkedTTL, checkBilling(out.Table), checkEncryption(out.Table), checkRecovery(ctx, api, table),
		checkDeletion(out.Table), checkRegions(out.Table), checkClock(out.ResultMetadata),
	}}, nil
}

func checkStatus(status types.TableStatus) Finding {
	says := "is " + string(status)
	switch status {
	case types.TableStatusActive, types.TableStatusUpdating, "":
		return Finding{CheckStatus, Fine, "ready"}
	case types.TableStatusCreating:
		says = "is being created: wait until it is active"
	case types.TableStatusDeleting:
		says = "is being deleted: create another, its sessions are lost"
	case types.TableStatusArchiving, types.TableStatusArchived:
		says = "was archived, as DynamoDB could not use its KMS key for seven days: restore its backup, or create another"
	case types.TableStatusInaccessibleEncryptionCredentials:
		says = "can't be read, as DynamoDB can't use its KMS key: enable the key or grant its use"
	}
	return Finding{CheckStatus, Wrong, says}
}

func checkKey(table *types.TableDescription) Finding {
	if len(table.KeySchema) != 1 || aws.ToString(table.KeySchema[0].AttributeName) != item.IDName {
		return Finding{CheckKey, Wrong, fmt.Sprintf(
			"its key is %s, must be `id` alone: a table's key can't be changed, create another", keyNames(table.KeySchema))}
	}
	for _, a := range table.AttributeDefinitions {
		if aws.ToString(a.AttributeName) == item.IDName && a.AttributeType != types.ScalarAttributeTypeS {
			return Finding{CheckKey, Wrong, fmt.Sprintf(
				"its key `id` is of type %s, must be S: a table's key can't be changed, create another", a.AttributeType)}
		}
	}
	return Finding{CheckKey, Fine, "`id`, a string"}
}

func keyNames(schema []types.KeySchemaElement) string {
	names := make([]string, len(schema))
	for i, k := range schema {
		names[i] = "`" + aws.ToString(k.AttributeName) + "`"
	}
	return strings.Join(names, " and ")
}

// ttlState says whether TTL is on, and its attribute.
type ttlState struct {
	on        bool
	attribute string
}

type ttlAPI interface {
	DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error)
}

func checkTTL(ttl ttlState) Finding {
	switch {
	case !ttl.on:
		return Finding{CheckTTL, Wrong, "TTL is off, so dead sessions stay for ever: enable it on the attribute `expires`, " +
			"by dynamo.CreateTable or aws dynamodb update-time-to-live"}
	case ttl.attribute != item.ExpiresName:
		return Finding{CheckTTL, Wrong, fmt.Sprintf(
			"TTL is on the attribute `%s`, must be on `expires`: disable it, wait an hour, enable it again", ttl.attribute)}
	}
	return Finding{CheckTTL, Fine, "on `expires`"}
}

func checkBilling(table *types.TableDescription) Finding {
	if b := table.BillingModeSummary; b != nil && b.BillingMode == types.BillingModePayPerRequest {
		return Finding{CheckBilling, Fine, "on demand"}
	}
	return Finding{CheckBilling, Advice, "provisioned capacity: a rush of visitors is throttled until it is scaled; " +
		"aws dynamodb update-table --billing-mode PAY_PER_REQUEST"}
}

func checkEncryption(table *types.TableDescription) Finding {
	switch sse := table.SSEDescription; {
	case sse == nil || sse.Status == types.SSEStatusDisabled:
		return Finding{CheckEncryption, Fine, "by a key that AWS owns"}
	case sse.InaccessibleEncryptionDateTime != nil:
		return Finding{CheckEncryption, Wrong, fmt.Sprintf(
			"DynamoDB can't use the table's KMS key since %s: enable the key or grant its use, within seven days of that",
			sse.InaccessibleEncryptionDateTime.UTC().Format(time.RFC3339))}
	default:
		return Finding{CheckEncryption, Fine, "by a KMS key of this account"}
	}
}

func checkRecovery(ctx context.Context, api any, table string) Finding {
	unseen := func(why string) Finding {
		return Finding{CheckRecovery, Advice, "can't be seen (" + why + "): it takes dynamodb:DescribeContinuousBackups"}
	}
	backups, ok := api.(interface {
		DescribeContinuousBackups(context.Context, *dynamodb.DescribeContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeContinuousBackupsOutput, error)
	})
	if !ok {
		return unseen("the API can't tell")
	}
	out, err := backups.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &table})
	if err != nil {
		var refusal smithy.APIError
		if errors.As(err, &refusal) {
			return unseen(refusal.ErrorCode())
		}
		return unseen(err.Error())
	}
	if d := out.ContinuousBackupsDescription; d != nil && d.PointInTimeRecoveryDescription != nil &&
		d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled {
		return Finding{CheckRecovery, Fine, "on: a restored table has sessions that were ended since, so call RevokeBefore on it"}
	}
	return Finding{CheckRecovery, Fine, "off: if the table is lost, everybody is signed out, and what was only in sessions is lost"}
}

func checkDeletion(table *types.TableDescription) Finding {
	if aws.ToBool(table.DeletionProtectionEnabled) {
		return Finding{CheckDeletion, Fine, "on"}
	}
	return Finding{CheckDeletion, Advice, "off: aws dynamodb update-table --deletion-protection-enabled"}
}

func checkRegions(table *types.TableDescription) Finding {
	switch {
	case len(table.Replicas) == 0:
		return Finding{CheckRegions, Fine, "one"}
	case table.MultiRegionConsistency == types.MultiRegionConsistencyStrong:
		return Finding{CheckRegions, Fine, "several, strongly consistent"}
	}
	return Finding{CheckRegions, Advice, "several, eventually consistent: a session that ends in one Region lives on in the others " +
		"for a moment, so keep a user's sessions in one, or use multi-Region strong consistency"}
}

// checkClock compares this host's clock with the Date of a response.
func checkClock(answer middleware.Metadata) Finding {
	there, said := awsmiddleware.GetServerTime(answer)
	here, noted := awsmiddleware.GetResponseAt(answer)
	if !said || !noted || there.IsZero() {
		return Finding{CheckClock, Advice, "can't be compared: the answer had no Date"}
	}
	ahead := here.Sub(there).Truncate(time.Second) // a Date is in whole seconds
	if ahead.Abs() <= remarkable {
		return Finding{CheckClock, Fine, fmt.Sprintf("agrees with the service's within %v", remarkable)}
	}
	direction := "ahead of"
	if ahead < 0 {
		direction = "behind"
	}
	return Finding{CheckClock, Wrong, fmt.Sprintf("this host's clock is %v %s the service's: set it by NTP (chrony, systemd-timesyncd)",
		ahead.Abs(), direction)}
}
