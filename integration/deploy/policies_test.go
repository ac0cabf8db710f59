package deploy_test

import (
	"encoding/json"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/deploy"
)

// A policy is an IAM policy document.
type policy struct {
	Version   string
	Statement []struct {
		Sid, Effect string
		Action      []string
		Resource    string
		Condition   map[string]map[string]oneOrMore `json:",omitempty"`
	}
}

// oneOrMore is a string or a list of strings; IAM accepts either.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// grants reports whether the policy allows an action on items with these keys.
func (p policy) grants(action string, keys []string) bool {
	for _, s := range p.Statement {
		if !slices.Contains(s.Action, action) {
			continue
		}
		denied := s.Condition["ForAllValues:StringNotLike"]["dynamodb:LeadingKeys"]
		matches := func(key string) bool {
			return slices.ContainsFunc(denied, func(pattern string) bool {
				return strings.HasPrefix(key, strings.TrimSuffix(pattern, "*"))
			})
		}
		if !slices.ContainsFunc(keys, matches) {
			return true
		}
	}
	return false
}

// actions returns the allowed actions, sorted.
func (p policy) actions() []string {
	var all []string
	for _, s := range p.Statement {
		all = append(all, s.Action...)
	}
	slices.Sort(all)
	return all
}

func readPolicy(t *testing.T, role string) policy {
	t.Helper()
	text, err := deploy.Files().ReadFile("policies/" + role + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return parsePolicy(t, text)
}

func parsePolicy(t *testing.T, text []byte) policy {
	t.Helper()
	var p policy
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

var roles = []string{"deployment", "key", "operator", "service", "subjects"}

func TestPolicies_AreOneStatementThatAllows(t *testing.T) {
	is := is.New(t)
	files, err := fs.Glob(deploy.Files(), "policies/*.json")
	is.NoErr(err)
	is.Equal(len(files), len(roles))
	for i, file := range files {
		is.Equal(strings.TrimSuffix(path.Base(file), ".json"), roles[i])
		p := readPolicy(t, roles[i])
		is.Equal(p.Version, "2012-10-17")
		is.Equal(len(p.Statement), 1)
		s := p.Statement[0]
		is.Equal(s.Effect, "Allow")
		service, resource := "dynamodb:", "arn:aws:dynamodb:*:*:table/app_session"
		if roles[i] == "key" {
			service, resource = "kms:", "arn:aws:kms:*:*:key/KEY-ID"
			via := s.Condition["StringLike"]["kms:ViaService"]
			is.Equal(via, oneOrMore{"dynamodb.*.amazonaws.com"}) // only through DynamoDB
		}
		is.Equal(s.Resource, resource)
		for _, a := range s.Action {
			is.True(strings.HasPrefix(a, service))
			is.True(service == "kms:" || !strings.Contains(a, "*")) // no wildcards in actions
		}
		is.Equal(len(slices.Compact(p.actions())), len(s.Action))
	}
}

// The templates contain the same policies as the JSON files.
func TestPolicies_TheTemplatesHaveTheSame(t *testing.T) {
	is := is.New(t)
	resources, _ := readTemplate(t).render(t, every)
	module := apply(t, everyVariable)
	for _, role := range roles {
		want := readPolicy(t, role)
		name := strings.ToUpper(role[:1]) + role[1:] + "Policy"
		stack := into[policy](t, properties(resources, name)["PolicyDocument"])
		module := parsePolicy(t, []byte(module.policies[role].Policy))
		for i := range want.Statement {
			if role == "key" {
				want.Statement[i].Resource = every["KmsKeyArn"]
				is.Equal(stack.Statement[i].Resource, every["KmsKeyArn"])
			} else {
				is.Equal(stack.Statement[i].Resource, "Table.Arn")
				is.Equal(module.Statement[i].Resource, tableARN)
				want.Statement[i].Resource, stack.Statement[i].Resource = tableARN, tableARN
			}
		}
		is.Equal(stack, want)
		is.Equal(module, want)
	}
}
