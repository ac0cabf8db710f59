package deploy_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/awslabs/goformation/v7/schema"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// definitions are the resource types of AWS's CloudFormation specification as a JSON schema.
var definitions = sync.OnceValues(func() (map[string]any, error) {
	var specification struct {
		Definitions map[string]any `json:"definitions"`
	}
	if err := json.Unmarshal([]byte(schema.CloudformationSchema), &specification); err != nil {
		return nil, err
	}
	// AWS added this property in January 2025, after this version of the specification.
	recovery := specification.Definitions["AWS::DynamoDB::Table.PointInTimeRecoverySpecification"].(map[string]any)
	recovery["properties"].(map[string]any)["RecoveryPeriodInDays"] = map[string]any{"type": "number", "minimum": 1, "maximum": 35}
	return specification.Definitions, nil
})

// validate returns an error if a resource does not conform to the schema of its type.
func validate(t *testing.T, kind string, resource any) error {
	t.Helper()
	all, err := definitions()
	if err != nil {
		t.Fatal(err)
	}
	needed := map[string]any{}
	for name, d := range all {
		if name == kind || strings.HasPrefix(name, kind+".") || name == "Tag" {
			needed[name] = d
		}
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	if err := c.AddResource("resource.json", map[string]any{"$ref": "#/definitions/" + kind, "definitions": needed}); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("resource.json")
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(into[any](t, resource))
}
