package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/deploy"
	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
)

func TestTable_CreateAndCheck(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	d.table = engine.Table(t) // a table that does not exist yet
	is.True(strings.Contains(d.done("table", "create"), d.table))
	d.done("table", "create") // a second time is harmless
	out := d.done("table", "check")
	for _, check := range []string{"status", "key", "TTL", "billing", "encryption", "recovery", "deletion protection", "clock"} {
		is.True(strings.Contains(out, check))
	}
	var checked struct {
		OK       bool
		Findings []dynamo.Finding
	}
	is.Equal(d.json(&checked, "table", "check").code, 0)
	is.True(checked.OK)
	is.Equal(len(checked.Findings), 9)
}

func TestTable_CheckFindsWhatIsWrong(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	d.table = engine.Table(t)
	_, err := engine.Client(t).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &d.table, BillingMode: types.BillingModeProvisioned,
		ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(1), WriteCapacityUnits: aws.Int64(1)},
		AttributeDefinitions:  []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:             []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
	})
	is.NoErr(err)
	r := d.run("table", "check")
	is.Equal(r.code, exitWrong)
	for _, says := range []string{"must be `id` alone", "TTL is off", "provisioned capacity"} {
		is.True(strings.Contains(r.out, says))
	}
	var checked struct{ OK bool }
	is.Equal(d.json(&checked, "table", "check").code, exitWrong)
	is.True(!checked.OK)
}

func TestTable_Templates(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	d.table = "sessions-eu"
	stack := d.done("table", "template", "cloudformation")
	file, err := deploy.Files().ReadFile("cloudformation.yaml")
	is.NoErr(err)
	is.Equal(stack, strings.Replace(string(file), `Default: "app_session"`, `Default: "sessions-eu"`, 1))

	module := d.done("table", "template", "terraform")
	folder, err := deploy.Files().ReadDir("terraform")
	is.NoErr(err)
	for _, f := range folder {
		text, err := deploy.Files().ReadFile("terraform/" + f.Name())
		is.NoErr(err)
		want := strings.Replace(string(text), `"app_session"`, `"sessions-eu"`, 1)
		is.True(strings.Contains(module, want)) // it contains each file whole
	}
	is.True(strings.HasPrefix(module, "terraform {"))

	for _, role := range roles {
		var policy struct{ Statement []struct{ Resource string } }
		is.NoErr(json.Unmarshal([]byte(d.done("table", "template", "policy", role, "-region", "us-gov-west-1", "-account", "123456789012")), &policy))
		want := "arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/sessions-eu"
		if role == "key" {
			want = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/KEY-ID"
		}
		is.Equal(policy.Statement[0].Resource, want)
	}
	is.True(strings.Contains(d.done("table", "template", "policy", "service"), `"arn:aws:dynamodb:*:*:table/sessions-eu"`))

	d.table = `x" injected`
	is.Equal(d.run("table", "template", "terraform").code, exitUsage)
}

// roles lists exactly the policy files of package deploy.
func TestRoles(t *testing.T) {
	is := is.New(t)
	files, err := os.ReadDir("../../deploy/policies")
	is.NoErr(err)
	is.Equal(len(files), len(roles))
	for _, role := range roles {
		_, err := deploy.Files().ReadFile("policies/" + role + ".json")
		is.NoErr(err)
	}
}
