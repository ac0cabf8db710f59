package deploy_test

import (
	"encoding/json"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
)

// A table describes a table in the terms of the CreateTable and UpdateTimeToLive requests.
type table struct {
	BillingMode          string
	AttributeDefinitions []struct{ AttributeName, AttributeType string }
	KeySchema            []struct{ AttributeName, KeyType string }
	TimeToLive           struct {
		AttributeName string
		Enabled       bool
	}
}

// created returns the table that dynamo.CreateTable creates.
func created(t *testing.T) table {
	t.Helper()
	is := is.New(t)
	seen := &recorder{}
	is.NoErr(dynamo.CreateTable(t.Context(), engine.Client(t, seen.on), engine.Table(t)))
	var create map[string]any
	is.NoErr(json.Unmarshal(seen.body("CreateTable"), &create))
	var ttl struct{ TimeToLiveSpecification any }
	is.NoErr(json.Unmarshal(seen.body("UpdateTimeToLive"), &ttl))
	// If the request had further members, this test would have to compare them, too.
	is.Equal(len(create), 4)
	create["TimeToLive"] = ttl.TimeToLiveSpecification
	return into[table](t, create)
}

func TestTable_TheTemplatesMakeTheOneThatCreateTableMakes(t *testing.T) {
	is := is.New(t)
	want := created(t)

	resources, _ := readTemplate(t).render(t, nil)
	p := properties(resources, "Table")
	p["TimeToLive"] = p["TimeToLiveSpecification"]
	is.Equal(into[table](t, p), want) // CloudFormation

	m := apply(t, nil).table
	is.True(m.RangeKey == nil)
	is.Equal(m.BillingMode, want.BillingMode)
	is.Equal(m.HashKey, want.KeySchema[0].AttributeName)
	is.Equal(len(want.KeySchema), 1)
	is.Equal(len(m.Attributes), len(want.AttributeDefinitions))
	is.Equal(m.Attributes[0].Name, want.AttributeDefinitions[0].AttributeName)
	is.Equal(m.Attributes[0].Type, want.AttributeDefinitions[0].AttributeType)
	is.Equal(m.TTL.AttributeName, want.TimeToLive.AttributeName)
	is.Equal(m.TTL.Enabled, want.TimeToLive.Enabled)
}
