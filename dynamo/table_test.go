package dynamo_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/internal/wants"
)

// The error lists everything that is wrong, and how to fix it.
func TestCheckTableSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		table *tables
		want  []string // empty: nothing is wrong
	}{
		"fits":          {existing("expires", "S", "id"), nil},
		"no table":      {&tables{}, []string{"does not exist", "dynamo.CreateTable"}},
		"TTL off":       {existing("", "S", "id"), []string{"TTL is off", "enable it", "`expires`"}},
		"TTL elsewhere": {existing("ttl", "S", "id"), []string{"`ttl`", "must be on `expires`"}},
		"another key":   {existing("expires", "S", "pk"), []string{"`pk`", "must be `id` alone"}},
		"a sort key":    {existing("expires", "S", "id", "sk"), []string{"`id` and `sk`", "must be `id` alone"}},
		"a number":      {existing("expires", "N", "id"), []string{"type N, must be S"}},
		"all wrong":     {existing("", "N", "id"), []string{"type N", "TTL is off"}},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			err := dynamo.CheckTable(t.Context(), c.table, "app_session")
			if len(c.want) == 0 {
				is.NoErr(err)
				return
			}
			is.True(err != nil)
			for _, want := range c.want {
				is.True(strings.Contains(err.Error(), want))
			}
			is.True(strings.Contains(err.Error(), `"app_session"`))
			is.Equal(len(c.table.changes), 0) // a check changes nothing
		})
	}
}

func TestTableNameIsChecked(t *testing.T) {
	is := is.New(t)
	for _, call := range []func(context.Context, dynamo.TableAPI, string) error{dynamo.CreateTable, dynamo.CheckTable} {
		err := call(t.Context(), &tables{}, "")
		is.True(err != nil && strings.Contains(err.Error(), "table is empty"))
		for _, nobody := range []dynamo.TableAPI{nil, (*dynamodb.Client)(nil)} {
			err := call(t.Context(), nobody, "t")
			is.True(err != nil && strings.Contains(err.Error(), "api is nil"))
		}
	}
}

func TestCreateTableCreatesWaitsAndEnablesTTL(t *testing.T) {
	is := is.New(t)
	s := &tables{created: 2}
	is.NoErr(dynamo.CreateTable(t.Context(), s, "app_session"))
	is.Equal(s.changes, []string{"create PAY_PER_REQUEST", "ttl on expires"})
	// CreateTable has waited until it is ready.
	is.Equal(s.table.TableStatus, types.TableStatusActive)
	is.NoErr(dynamo.CheckTable(t.Context(), s, "app_session"))

	is.NoErr(dynamo.CreateTable(t.Context(), s, "app_session")) // a second call is harmless
	is.Equal(len(s.changes), 2)
}

func TestCreateTableCompletesAnExistingTable(t *testing.T) {
	is := is.New(t)
	s := existing("", "S", "id")
	is.NoErr(dynamo.CreateTable(t.Context(), s, "app_session"))
	is.Equal(s.changes, []string{"ttl on expires"})
}

func TestCreateTableLosesARaceGracefully(t *testing.T) {
	is := is.New(t)
	s := existing("", "S", "id")
	s.failTTL = func(s *tables) error {
		s.ttl = types.TimeToLiveDescription{AttributeName: aws.String("expires"), TimeToLiveStatus: types.TimeToLiveStatusEnabled}
		return errors.New("TimeToLive is already enabled")
	}
	is.NoErr(dynamo.CreateTable(t.Context(), s, "app_session"))

	s = existing("", "S", "id")
	s.failTTL = func(*tables) error { return errors.New("denied") }
	err := dynamo.CreateTable(t.Context(), s, "app_session")
	is.True(err != nil && strings.Contains(err.Error(), "denied")) // other errors are returned
}

// everything is an API that answers every check.
type everything struct {
	*tables
	backups error
}

func (e everything) DescribeContinuousBackups(context.Context, *dynamodb.DescribeContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeContinuousBackupsOutput, error) {
	return &dynamodb.DescribeContinuousBackupsOutput{ContinuousBackupsDescription: &types.ContinuousBackupsDescription{
		PointInTimeRecoveryDescription: &types.PointInTimeRecoveryDescription{PointInTimeRecoveryStatus: types.PointInTimeRecoveryStatusEnabled},
	}}, e.backups
}

// findings returns the verdict and the text of each check.
func findings(t *testing.T, api dynamo.TableAPI) (dynamo.Report, map[dynamo.Check]dynamo.Finding) {
	t.Helper()
	is := is.New(t)
	r, err := dynamo.Inspect(t.Context(), api, "app_session")
	is.NoErr(err)
	is.Equal(r.Table, "app_session")
	all := map[dynamo.Check]dynamo.Finding{}
	for _, f := range r.Findings {
		all[f.Check] = f
		is.True(f.Says != "")
		is.True(strings.Contains(r.String(), f.Says))
	}
	is.Equal(len(all), 9)
	return r, all
}

func TestInspect(t *testing.T) {
	is := is.New(t)
	good := existing("expires", "S", "id")
	good.table.BillingModeSummary = &types.BillingModeSummary{BillingMode: types.BillingModePayPerRequest}
	good.table.DeletionProtectionEnabled = aws.Bool(true)
	r, all := findings(t, everything{good, nil})
	is.True(r.OK())
	for check, f := range all {
		if check != dynamo.CheckClock { // a fake sends no Date
			is.Equal(f.Verdict, dynamo.Fine)
		}
	}

	poor := existing("", "S", "pk")
	poor.table.Replicas = []types.ReplicaDescription{{}, {}}
	poor.table.SSEDescription = &types.SSEDescription{Status: types.SSEStatusEnabled, InaccessibleEncryptionDateTime: &at}
	r, all = findings(t, everything{poor, errors.New("denied")})
	is.True(!r.OK())
	for check, want := range map[dynamo.Check]dynamo.Finding{
		dynamo.CheckKey:        {Verdict: dynamo.Wrong, Says: "must be `id` alone"},
		dynamo.CheckTTL:        {Verdict: dynamo.Wrong, Says: "enable it"},
		dynamo.CheckBilling:    {Verdict: dynamo.Advice, Says: "PAY_PER_REQUEST"},
		dynamo.CheckEncryption: {Verdict: dynamo.Wrong, Says: "since 2026-03-01T09:00:00Z: enable the key"},
		dynamo.CheckRecovery:   {Verdict: dynamo.Advice, Says: "dynamodb:DescribeContinuousBackups"},
		dynamo.CheckDeletion:   {Verdict: dynamo.Advice, Says: "--deletion-protection-enabled"},
		dynamo.CheckRegions:    {Verdict: dynamo.Advice, Says: "multi-Region strong consistency"},
		dynamo.CheckClock:      {Verdict: dynamo.Advice, Says: "no Date"},
	} {
		is.Equal(all[check].Verdict, want.Verdict)
		is.True(strings.Contains(all[check].Says, want.Says))
	}
	err := dynamo.CheckTable(t.Context(), poor, "app_session")
	for _, want := range []string{"must be `id` alone", "TTL is off", "enable the key"} {
		is.True(strings.Contains(err.Error(), want))
	}

	_, all = findings(t, good) // its API lacks DescribeContinuousBackups
	is.Equal(all[dynamo.CheckRecovery].Verdict, dynamo.Advice)
}

// A table that can't serve is wrong, although its key and its TTL are right.
func TestInspect_Status(t *testing.T) {
	for status, want := range map[types.TableStatus]string{
		types.TableStatusActive: "", types.TableStatusUpdating: "",
		types.TableStatusDeleting:                          "is being deleted: create another",
		types.TableStatusArchived:                          "was archived",
		types.TableStatusArchiving:                         "was archived",
		types.TableStatusInaccessibleEncryptionCredentials: "can't use its KMS key: enable the key",
		types.TableStatusReplicationNotAuthorized:          "is REPLICATION_NOT_AUTHORIZED",
	} {
		t.Run(string(status), func(t *testing.T) {
			table := existing("expires", "S", "id")
			table.table.TableStatus, table.deleted = status, 10
			_, all := findings(t, table)
			if err := dynamo.CheckTable(t.Context(), table, "app_session"); want != "" {
				wants.Text(t, err, want)
			} else {
				is.New(t).NoErr(err)
				is.New(t).Equal(all[dynamo.CheckStatus].Verdict, dynamo.Fine)
			}
		})
	}
	creating := existing("expires", "S", "id")
	creating.table.TableStatus, creating.created = types.TableStatusCreating, 10
	wants.Text(t, dynamo.CheckTable(t.Context(), creating, "app_session"), "is being created: wait until it is active")
}

// A table that is being deleted is created again.
func TestCreateTable_WhileItIsDeleted(t *testing.T) {
	is := is.New(t)
	table := existing("", "S", "other")
	table.table.TableStatus, table.deleted = types.TableStatusDeleting, 2
	is.NoErr(dynamo.CreateTable(t.Context(), table, "app_session"))
	is.Equal(table.changes, []string{"create PAY_PER_REQUEST", "ttl on expires"})
}

// A table with multi-Region strong consistency can't have TTL, but is not wrong.
func TestInspect_MultiRegionStrongConsistency(t *testing.T) {
	is := is.New(t)
	table := existing("", "S", "id")
	table.table.Replicas, table.table.MultiRegionConsistency = []types.ReplicaDescription{{}, {}}, types.MultiRegionConsistencyStrong
	_, all := findings(t, table)
	is.Equal(all[dynamo.CheckTTL].Verdict, dynamo.Advice)
	is.Equal(all[dynamo.CheckRegions].Verdict, dynamo.Fine)
	is.NoErr(dynamo.CheckTable(t.Context(), table, "app_session"))
}

// Inspect compares this host's clock with the Date of the response, and CheckTable returns an error
// if it is off.
func TestInspect_Clock(t *testing.T) {
	is := is.New(t)
	for ahead, want := range map[time.Duration]string{
		0: "agrees", 3 * time.Second: "agrees", -3 * time.Second: "agrees",
		10 * time.Minute: "clock is 10m0s ahead of the service's: set it by NTP", -5 * 24 * time.Hour: "clock is 119h59m59s behind the service's",
	} {
		date := time.Now().Add(-ahead).UTC().Format(http.TimeFormat)
		table := `{"Table":{"TableName":"app_session","TableStatus":"ACTIVE","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}}`
		ttl := `{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"expires"}}`
		w := &wire{date: date, answers: []answer{ok(table), ok(ttl), fine, ok(table), ok(ttl), fine}}
		_, all := findings(t, w.client())
		is.True(strings.Contains(all[dynamo.CheckClock].Says, want) || strings.Contains(strings.Replace(all[dynamo.CheckClock].Says, "120h0m0s", "119h59m59s", 1), want))
		err := dynamo.CheckTable(t.Context(), w.client(), "app_session")
		is.Equal(err == nil, want == "agrees")
	}
}
