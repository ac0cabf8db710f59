package deploy_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/matryer/is"
)

// A template is deploy/cloudformation.yaml with its tags in long form: !Ref x is {"Ref": "x"}.
type template map[string]any

func readTemplate(t *testing.T) template {
	t.Helper()
	is := is.New(t)
	text, err := os.ReadFile("../../deploy/cloudformation.yaml")
	is.NoErr(err)
	file, err := parser.ParseBytes(text, 0)
	is.NoErr(err) // valid YAML
	is.Equal(len(file.Docs), 1)
	top, ok := plain(t, file.Docs[0].Body).(map[string]any)
	is.True(ok)
	return top
}

// plain converts a node to maps, slices and scalars.
func plain(t *testing.T, n ast.Node) any {
	t.Helper()
	switch n := n.(type) {
	case *ast.MappingNode:
		m := map[string]any{}
		for _, v := range n.Values {
			key := v.Key.String()
			if unquoted, err := strconv.Unquote(key); err == nil {
				key = unquoted
			}
			if _, twice := m[key]; twice {
				t.Fatalf("%s is there twice", key)
			}
			m[key] = plain(t, v.Value)
		}
		return m
	case *ast.SequenceNode:
		s := []any{}
		for _, v := range n.Values {
			s = append(s, plain(t, v))
		}
		return s
	case *ast.TagNode:
		name, value := strings.TrimPrefix(n.Start.Value, "!"), plain(t, n.Value)
		switch name {
		case "Ref", "Condition":
			return map[string]any{name: value}
		case "GetAtt":
			return map[string]any{"Fn::GetAtt": strings.Split(value.(string), ".")}
		default:
			return map[string]any{"Fn::" + name: value}
		}
	case *ast.LiteralNode:
		return n.Value.Value // a text in several lines, folded or not
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		t.Fatalf("%s: CloudFormation does not support anchors", n)
	case ast.ScalarNode:
		return n.GetValue()
	}
	t.Fatalf("unexpected YAML node %T", n)
	return nil
}

// none is AWS::NoValue: a property with this value is removed.
type none struct{}

// A stack is a template with values for its parameters. It records which parameters and conditions
// are used, to find unused ones.
type stack struct {
	t          *testing.T
	template   template
	parameters map[string]any
	used       map[string]bool
}

// render returns the resources of a stack with these parameters. Other parameters have their
// defaults.
func (tpl template) render(t *testing.T, parameters map[string]string) (map[string]any, *stack) {
	t.Helper()
	s := &stack{t: t, template: tpl, parameters: map[string]any{}, used: map[string]bool{}}
	declared := tpl["Parameters"].(map[string]any)
	for name, value := range parameters {
		if _, ok := declared[name]; !ok {
			t.Fatalf("there is no parameter %s", name)
		}
		_ = value
	}
	for name, d := range declared {
		value, given := parameters[name]
		if !given {
			value = fmt.Sprint(d.(map[string]any)["Default"])
		}
		s.parameters[name] = s.parameter(name, d.(map[string]any), value)
	}
	resources := map[string]any{}
	for name, r := range tpl["Resources"].(map[string]any) {
		r := r.(map[string]any)
		if c, ok := r["Condition"]; ok && !s.condition(c.(string)) {
			continue
		}
		resources[name] = s.value(r)
	}
	for _, o := range tpl["Outputs"].(map[string]any) {
		o := o.(map[string]any)
		if c, ok := o["Condition"]; !ok || s.condition(c.(string)) {
			s.value(o["Value"])
		}
	}
	return resources, s
}

// parameter checks a value as CloudFormation does, and converts it to the parameter's type.
func (s *stack) parameter(name string, d map[string]any, value string) any {
	s.t.Helper()
	if p, ok := d["AllowedPattern"].(string); ok && !regexp.MustCompile("^(?:"+p+")$").MatchString(value) {
		s.t.Fatalf("%s: %q does not match %s", name, value, p)
	}
	allowed, _ := d["AllowedValues"].([]any)
	if len(allowed) > 0 && !slices.Contains(allowed, any(value)) {
		s.t.Fatalf("%s: %q is none of %v", name, value, allowed)
	}
	if d["Type"] == "Number" {
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			s.t.Fatalf("%s: %v", name, err)
		}
		return n
	}
	if value == "true" || value == "false" {
		return value == "true"
	}
	return value
}

func (s *stack) condition(name string) bool {
	s.t.Helper()
	s.used["condition "+name] = true
	c, ok := s.template["Conditions"].(map[string]any)[name]
	if !ok {
		s.t.Fatalf("there is no condition %s", name)
	}
	return s.value(c).(bool)
}

// value evaluates all functions within v.
func (s *stack) value(v any) any {
	s.t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 1 {
			for name, arg := range v {
				if result, ok := s.function(name, arg); ok {
					return result
				}
			}
		}
		out := map[string]any{}
		for k, e := range v {
			if e := s.value(e); e != (none{}) {
				out[k] = e
			}
		}
		return out
	case []any:
		out := []any{}
		for _, e := range v {
			if e := s.value(e); e != any(none{}) {
				out = append(out, e)
			}
		}
		return out
	default:
		return v
	}
}

func (s *stack) function(name string, arg any) (any, bool) {
	s.t.Helper()
	switch name {
	case "Ref":
		return s.ref(arg.(string)), true
	case "Condition":
		c, ok := arg.(string)
		return ok && s.condition(c), ok
	case "Fn::GetAtt":
		path := arg.([]string)
		if _, ok := s.template["Resources"].(map[string]any)[path[0]]; !ok {
			s.t.Fatalf("there is no resource %s", path[0])
		}
		return strings.Join(path, "."), true
	case "Fn::Sub":
		return regexp.MustCompile(`\$\{([^}]*)\}`).ReplaceAllStringFunc(arg.(string), func(m string) string {
			return fmt.Sprint(s.ref(m[2 : len(m)-1]))
		}), true
	case "Fn::If":
		args := arg.([]any)
		yes, no := s.value(args[1]), s.value(args[2]) // both, so that both are checked
		if s.condition(args[0].(string)) {
			return yes, true
		}
		return no, true
	case "Fn::Equals":
		args := s.value(arg).([]any)
		return fmt.Sprint(args[0]) == fmt.Sprint(args[1]), true
	case "Fn::Not":
		return !s.value(arg).([]any)[0].(bool), true
	case "Fn::And":
		for _, c := range s.value(arg).([]any) {
			if !c.(bool) {
				return false, true
			}
		}
		return true, true
	}
	if strings.HasPrefix(name, "Fn::") {
		s.t.Fatalf("unknown function %s", name)
	}
	return nil, false
}

func (s *stack) ref(name string) any {
	s.t.Helper()
	s.used["parameter "+name] = true
	if name == "AWS::NoValue" {
		return none{}
	}
	if p, ok := s.parameters[name]; ok {
		return p
	}
	if _, ok := s.template["Resources"].(map[string]any)[name]; ok {
		return name
	}
	s.t.Fatalf("there is no %s", name)
	return nil
}

// every sets the parameters so that every resource is created.
var every = map[string]string{
	"TableName": "sessions-eu", "PointInTimeRecovery": "true", "RecoveryPeriodInDays": "7", "DeletionProtection": "false",
	"KmsKeyArn":      "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
	"CreatePolicies": "true", "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:on-call",
	"ThrottleThreshold": "1", "SystemErrorThreshold": "2", "UserErrorThreshold": "3",
}

func TestCloudFormation_IsWhatItsSchemaSays(t *testing.T) {
	tpl := readTemplate(t)
	for name, parameters := range map[string]map[string]string{
		"defaults": nil, "everything": every, "nothing": {"CreatePolicies": "false"},
		"China": {"KmsKeyArn": "arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			resources, _ := tpl.render(t, parameters)
			is.True(len(resources) > 0)
			for name, r := range resources {
				r := r.(map[string]any)
				is.NoErr(validate(t, r["Type"].(string), r)) // it conforms to AWS's schema
				_ = name
			}
		})
	}
}

// The schema rejects an unknown property.
func TestValidate_RefusesWhatIsNone(t *testing.T) {
	is := is.New(t)
	resources, _ := readTemplate(t).render(t, nil)
	table := resources["Table"].(map[string]any)
	properties := table["Properties"].(map[string]any)
	properties["TimeToLive"] = properties["TimeToLiveSpecification"]
	is.True(validate(t, "AWS::DynamoDB::Table", table) != nil)
}

func TestCloudFormation_EverythingInItIsUsed(t *testing.T) {
	is := is.New(t)
	tpl := readTemplate(t)
	resources, s := tpl.render(t, every)
	for name := range tpl["Parameters"].(map[string]any) {
		is.True(s.used["parameter "+name]) // the parameter is used
	}
	for name := range tpl["Conditions"].(map[string]any) {
		is.True(s.used["condition "+name]) // the condition is used
	}
	is.Equal(len(resources), len(tpl["Resources"].(map[string]any))) // every resource is created
	grouped := map[string]bool{}
	for _, g := range tpl["Metadata"].(map[string]any)["AWS::CloudFormation::Interface"].(map[string]any)["ParameterGroups"].([]any) {
		for _, p := range g.(map[string]any)["Parameters"].([]any) {
			grouped[p.(string)] = true
		}
	}
	is.Equal(slices.Sorted(maps.Keys(grouped)), slices.Sorted(maps.Keys(tpl["Parameters"].(map[string]any))))
}

// Parameters set the properties of the resources.
func TestCloudFormation_Parameters(t *testing.T) {
	is := is.New(t)
	tpl := readTemplate(t)
	byDefault, _ := tpl.render(t, nil)
	table := properties(byDefault, "Table")
	is.Equal(table["TableName"], "app_session")
	is.Equal(table["DeletionProtectionEnabled"], true)
	is.Equal(table["PointInTimeRecoverySpecification"], map[string]any{"PointInTimeRecoveryEnabled": false})
	is.Equal(table["SSESpecification"], nil) // the default: an AWS owned key
	is.Equal(byDefault["ThrottleAlarm"], nil)
	is.Equal(byDefault["KeyPolicy"], nil)
	policy := byDefault["Table"].(map[string]any)["DeletionPolicy"]
	is.Equal(policy, "Retain") // deleting the stack keeps the table

	all, _ := tpl.render(t, every)
	table = properties(all, "Table")
	is.Equal(table["TableName"], "sessions-eu")
	is.Equal(table["DeletionProtectionEnabled"], false)
	is.Equal(table["PointInTimeRecoverySpecification"], map[string]any{"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 7.0})
	is.Equal(table["SSESpecification"], map[string]any{"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": every["KmsKeyArn"]})
	is.Equal(properties(all, "ThrottleAlarm")["Threshold"], 1.0)
	is.Equal(properties(all, "SystemErrorAlarm")["Threshold"], 2.0)
	is.Equal(properties(all, "UserErrorAlarm")["Threshold"], 3.0)
}

func properties(resources map[string]any, name string) map[string]any {
	return resources[name].(map[string]any)["Properties"].(map[string]any)
}

// into converts v to another type through JSON.
func into[T any](t *testing.T, v any) T {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
