package deploy_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/matryer/is"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// The resources of the module with the attributes that the AWS provider documents. Any other
// attribute is an error.
type (
	tableResource struct {
		Name               string            `hcl:"name"`
		BillingMode        string            `hcl:"billing_mode"`
		HashKey            string            `hcl:"hash_key"`
		RangeKey           *string           `hcl:"range_key"`
		DeletionProtection bool              `hcl:"deletion_protection_enabled"`
		Tags               map[string]string `hcl:"tags,optional"`
		Attributes         []struct {
			Name string `hcl:"name"`
			Type string `hcl:"type"`
		} `hcl:"attribute,block"`
		TTL struct {
			AttributeName string `hcl:"attribute_name"`
			Enabled       bool   `hcl:"enabled"`
		} `hcl:"ttl,block"`
		Recovery struct {
			Enabled bool `hcl:"enabled"`
			Days    *int `hcl:"recovery_period_in_days"`
		} `hcl:"point_in_time_recovery,block"`
		Encryption *struct {
			Enabled   bool   `hcl:"enabled"`
			KMSKeyARN string `hcl:"kms_key_arn"`
		} `hcl:"server_side_encryption,block"`
	}

	policyResource struct {
		Name        string            `hcl:"name"`
		Description string            `hcl:"description"`
		Policy      string            `hcl:"policy"`
		Tags        map[string]string `hcl:"tags,optional"`
	}

	alarmResource struct {
		Name              string            `hcl:"alarm_name"`
		Description       string            `hcl:"alarm_description"`
		Actions           []string          `hcl:"alarm_actions"`
		OKActions         []string          `hcl:"ok_actions"`
		Comparison        string            `hcl:"comparison_operator"`
		Threshold         float64           `hcl:"threshold"`
		EvaluationPeriods int               `hcl:"evaluation_periods"`
		Datapoints        int               `hcl:"datapoints_to_alarm"`
		Missing           string            `hcl:"treat_missing_data"`
		Tags              map[string]string `hcl:"tags,optional"`
		Namespace         *string           `hcl:"namespace"`
		MetricName        *string           `hcl:"metric_name"`
		Statistic         *string           `hcl:"statistic"`
		Period            *int              `hcl:"period"`
		Queries           []struct {
			ID         string  `hcl:"id"`
			Label      *string `hcl:"label"`
			Expression *string `hcl:"expression"`
			ReturnData bool    `hcl:"return_data"`
			Metric     *struct {
				Namespace  string            `hcl:"namespace"`
				Name       string            `hcl:"metric_name"`
				Dimensions map[string]string `hcl:"dimensions"`
				Stat       string            `hcl:"stat"`
				Period     int               `hcl:"period"`
			} `hcl:"metric,block"`
		} `hcl:"metric_query,block"`
	}
)

// A plan is the result of evaluating the module. Resources have addresses such as
// aws_iam_policy.table["service"].
type plan struct {
	table    tableResource
	policies map[string]policyResource
	alarms   map[string]alarmResource
	outputs  map[string]cty.Value
}

// moduleSchema lists the blocks that a module may contain.
var moduleSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "terraform"},
	{Type: "locals"},
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "resource", LabelNames: []string{"type", "name"}},
	{Type: "output", LabelNames: []string{"name"}},
}}

var metaSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "count"}, {Name: "for_each"}}}

const tableARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/x"

// apply evaluates the module with these variables. Other variables have their defaults.
func apply(t *testing.T, given map[string]cty.Value) plan {
	t.Helper()
	m := readModule(t)
	ctx := &hcl.EvalContext{
		Variables: map[string]cty.Value{},
		Functions: map[string]function.Function{
			"can": tryfunc.CanFunc, "try": tryfunc.TryFunc, "merge": stdlib.MergeFunc, "regex": stdlib.RegexFunc, "jsonencode": stdlib.JSONEncodeFunc, "one": one,
		},
	}
	ctx.Variables["var"] = cty.ObjectVal(m.variables(t, ctx, given))
	ctx.Variables["aws_dynamodb_table"] = cty.ObjectVal(map[string]cty.Value{
		"sessions": cty.ObjectVal(map[string]cty.Value{"arn": cty.StringVal(tableARN), "name": ctx.Variables["var"].GetAttr("table_name")}),
	})
	locals := map[string]cty.Value{}
	for _, b := range m.blocks["locals"] {
		attributes, diags := b.Body.JustAttributes()
		fine(t, diags)
		for name, a := range attributes {
			locals[name] = evaluate(t, a.Expr, ctx)
		}
	}
	ctx.Variables["local"] = cty.ObjectVal(locals)

	p := plan{policies: map[string]policyResource{}, alarms: map[string]alarmResource{}, outputs: map[string]cty.Value{}}
	arns := map[string]map[string]cty.Value{"table": {}, "key": {}}
	for _, b := range m.blocks["resource"] {
		kind, name := b.Labels[0], b.Labels[1]
		for key, each := range instances(t, b, ctx) {
			switch kind {
			case "aws_dynamodb_table":
				decode(t, b.Body, each, &p.table)
			case "aws_iam_policy":
				var policy policyResource
				decode(t, b.Body, each, &policy)
				role := key
				if role == "" {
					role = name
				}
				p.policies[role] = policy
				arns[name][role] = cty.ObjectVal(map[string]cty.Value{"arn": cty.StringVal(policy.Name)})
			case "aws_cloudwatch_metric_alarm":
				var alarm alarmResource
				decode(t, b.Body, each, &alarm)
				p.alarms[name] = alarm
			default:
				t.Fatalf("unknown resource type %s", kind)
			}
		}
	}
	ctx.Variables["aws_iam_policy"] = cty.ObjectVal(map[string]cty.Value{
		"table": cty.ObjectVal(arns["table"]),
		"key":   cty.TupleVal(slices.Collect(maps.Values(arns["key"]))),
	})
	for _, b := range m.blocks["output"] {
		attributes, diags := b.Body.JustAttributes()
		fine(t, diags)
		p.outputs[b.Labels[0]] = evaluate(t, attributes["value"].Expr, ctx)
	}
	return p
}

type module struct{ blocks map[string]hcl.Blocks }

func readModule(t *testing.T) module {
	t.Helper()
	is := is.New(t)
	names, err := filepath.Glob("../../deploy/terraform/*.tf")
	is.NoErr(err)
	is.True(len(names) > 0)
	var files []*hcl.File
	parser := hclparse.NewParser()
	for _, name := range names {
		text, err := os.ReadFile(name)
		is.NoErr(err)
		file, diags := parser.ParseHCL(text, filepath.Base(name))
		fine(t, diags)
		files = append(files, file)
	}
	content, diags := hcl.MergeFiles(files).Content(moduleSchema)
	fine(t, diags)
	return module{content.Blocks.ByType()}
}

// variables returns the values of all variables, validated by the variables' rules.
func (m module) variables(t *testing.T, ctx *hcl.EvalContext, given map[string]cty.Value) map[string]cty.Value {
	t.Helper()
	values, rules := map[string]cty.Value{}, map[string]hcl.Expression{}
	for _, b := range m.blocks["variable"] {
		content, diags := b.Body.Content(&hcl.BodySchema{
			Attributes: []hcl.AttributeSchema{{Name: "description", Required: true}, {Name: "type", Required: true}, {Name: "default", Required: true}},
			Blocks:     []hcl.BlockHeaderSchema{{Type: "validation"}},
		})
		fine(t, diags)
		name := b.Labels[0]
		values[name] = evaluate(t, content.Attributes["default"].Expr, nil)
		for _, v := range content.Blocks {
			attributes, diags := v.Body.JustAttributes()
			fine(t, diags)
			rules[name] = attributes["condition"].Expr
		}
	}
	for name, value := range given {
		if _, ok := values[name]; !ok {
			t.Fatalf("there is no variable %s", name)
		}
		values[name] = value
	}
	check := ctx.NewChild()
	check.Variables = map[string]cty.Value{"var": cty.ObjectVal(values)}
	for name, rule := range rules {
		if evaluate(t, rule, check).False() {
			t.Fatalf("var.%s: %#v breaks its rule", name, values[name])
		}
	}
	return values
}

// instances returns the contexts in which to evaluate a block, by key: a single one, or as many as
// its count or for_each says.
func instances(t *testing.T, b *hcl.Block, ctx *hcl.EvalContext) map[string]*hcl.EvalContext {
	t.Helper()
	meta, _, diags := b.Body.PartialContent(metaSchema)
	fine(t, diags)
	all := map[string]*hcl.EvalContext{}
	if count, ok := meta.Attributes["count"]; ok {
		if evaluate(t, count.Expr, ctx).Equals(cty.NumberIntVal(1)).True() {
			all[""] = ctx
		}
		return all
	}
	forEach, ok := meta.Attributes["for_each"]
	if !ok {
		return map[string]*hcl.EvalContext{"": ctx}
	}
	for k, v := range evaluate(t, forEach.Expr, ctx).AsValueMap() {
		each := ctx.NewChild()
		each.Variables = map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(k), "value": v})}
		all[k] = each
	}
	return all
}

func decode(t *testing.T, body hcl.Body, ctx *hcl.EvalContext, into any) {
	t.Helper()
	_, rest, diags := body.PartialContent(metaSchema)
	fine(t, diags)
	fine(t, gohcl.DecodeBody(dynblock.Expand(rest, ctx), ctx, into))
}

func evaluate(t *testing.T, e hcl.Expression, ctx *hcl.EvalContext) cty.Value {
	t.Helper()
	v, diags := e.Value(ctx)
	fine(t, diags)
	return v
}

func fine(t *testing.T, diags hcl.Diagnostics) {
	t.Helper()
	if diags.HasErrors() {
		t.Fatal(diags)
	}
}

// one is Terraform's function one: the only element of a list, or null if the list is empty.
var one = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
	Type:   func([]cty.Value) (cty.Type, error) { return cty.String, nil },
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch list := args[0].AsValueSlice(); len(list) {
		case 0:
			return cty.NullVal(cty.String), nil
		case 1:
			return list[0], nil
		default:
			return cty.NilVal, fmt.Errorf("one: the list has %d elements", len(list))
		}
	},
})

// everyVariable sets the variables so that every resource is created.
var everyVariable = map[string]cty.Value{
	"table_name": cty.StringVal("sessions-eu"), "point_in_time_recovery": cty.True, "recovery_period_in_days": cty.NumberIntVal(7),
	"deletion_protection": cty.False, "kms_key_arn": cty.StringVal(every["KmsKeyArn"]), "alarm_topic_arn": cty.StringVal(every["AlarmTopicArn"]),
	"throttle_threshold": cty.NumberIntVal(1), "system_error_threshold": cty.NumberIntVal(2), "user_error_threshold": cty.NumberIntVal(3),
	"tags": cty.MapVal(map[string]cty.Value{"team": cty.StringVal("identity")}),
}

// The module is formatted like the output of terraform fmt.
func TestTerraform_IsFormatted(t *testing.T) {
	is := is.New(t)
	names, err := filepath.Glob("../../deploy/terraform/*.tf")
	is.NoErr(err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		is.NoErr(err)
		is.Equal(string(hclwrite.Format(text)), string(text))
	}
}

func TestTerraform_Variables(t *testing.T) {
	is := is.New(t)
	p := apply(t, nil)
	is.Equal(p.table.Name, "app_session")
	is.True(p.table.DeletionProtection)
	is.True(!p.table.Recovery.Enabled)
	is.True(p.table.Recovery.Days == nil)
	is.True(p.table.Encryption == nil) // the default: an AWS owned key
	is.Equal(len(p.policies), 4)
	is.Equal(len(p.alarms), 0)
	is.Equal(p.outputs["table_name"].AsString(), "app_session")
	is.Equal(p.outputs["table_arn"].AsString(), tableARN)
	is.Equal(len(p.outputs["policy_arns"].AsValueMap()), 4)
	is.True(p.outputs["key_policy_arn"].IsNull())

	p = apply(t, everyVariable)
	is.Equal(p.table.Name, "sessions-eu")
	is.True(!p.table.DeletionProtection)
	is.True(p.table.Recovery.Enabled)
	is.Equal(*p.table.Recovery.Days, 7)
	is.True(p.table.Encryption.Enabled)
	is.Equal(p.table.Encryption.KMSKeyARN, every["KmsKeyArn"])
	is.Equal(p.table.Tags["team"], "identity")
	is.Equal(len(p.policies), 5)
	is.Equal(p.alarms["throttled"].Threshold, 1.0)
	is.Equal(p.alarms["system_errors"].Threshold, 2.0)
	is.Equal(p.alarms["user_errors"].Threshold, 3.0)
	is.Equal(p.outputs["key_policy_arn"].AsString(), "dynasession-sessions-eu-key")

	is.Equal(len(apply(t, map[string]cty.Value{"create_policies": cty.False}).policies), 0)
}
