package deploy_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// An alarm is an alarm of a template.
type alarm struct {
	Description, Comparison, Missing string
	Periods, Datapoints              int
	Metrics                          []string // namespace, name, statistic, period and dimension
	Expression                       string
	Actions                          int
}

func cloudFormationAlarms(t *testing.T) map[string]alarm {
	t.Helper()
	resources, _ := readTemplate(t).render(t, every)
	found := map[string]alarm{}
	for _, r := range resources {
		r := r.(map[string]any)
		if r["Type"] != "AWS::CloudWatch::Alarm" {
			continue
		}
		p := into[struct {
			AlarmName, AlarmDescription, ComparisonOperator, TreatMissingData string
			EvaluationPeriods, DatapointsToAlarm                              int
			AlarmActions, OKActions                                           []string
			Namespace, MetricName, Statistic                                  string
			Period                                                            int
			Metrics                                                           []struct {
				Expression string
				ReturnData bool
				MetricStat struct {
					Stat   string
					Period int
					Metric struct {
						Namespace, MetricName string
						Dimensions            []struct{ Name, Value string }
					}
				}
			}
		}](t, r["Properties"])
		a := alarm{
			Description: p.AlarmDescription, Comparison: p.ComparisonOperator, Missing: p.TreatMissingData,
			Periods: p.EvaluationPeriods, Datapoints: p.DatapointsToAlarm, Actions: len(p.AlarmActions) + len(p.OKActions),
		}
		if p.MetricName != "" {
			a.Metrics = append(a.Metrics, metric(p.Namespace, p.MetricName, p.Statistic, p.Period, nil))
		}
		for _, q := range p.Metrics {
			if q.Expression != "" {
				a.Expression = q.Expression
				continue
			}
			dimensions := map[string]string{}
			for _, d := range q.MetricStat.Metric.Dimensions {
				dimensions[d.Name] = d.Value
			}
			a.Metrics = append(a.Metrics, metric(q.MetricStat.Metric.Namespace, q.MetricStat.Metric.MetricName, q.MetricStat.Stat, q.MetricStat.Period, dimensions))
		}
		slices.Sort(a.Metrics)
		found[p.AlarmName] = a
	}
	return found
}

func terraformAlarms(t *testing.T) map[string]alarm {
	t.Helper()
	found := map[string]alarm{}
	for _, r := range apply(t, everyVariable).alarms {
		a := alarm{
			Description: r.Description, Comparison: r.Comparison, Missing: r.Missing,
			Periods: r.EvaluationPeriods, Datapoints: r.Datapoints, Actions: len(r.Actions) + len(r.OKActions),
		}
		if r.MetricName != nil {
			a.Metrics = append(a.Metrics, metric(*r.Namespace, *r.MetricName, *r.Statistic, *r.Period, nil))
		}
		for _, q := range r.Queries {
			if q.Expression != nil {
				a.Expression = *q.Expression
				continue
			}
			a.Metrics = append(a.Metrics, metric(q.Metric.Namespace, q.Metric.Name, q.Metric.Stat, q.Metric.Period, q.Metric.Dimensions))
		}
		slices.Sort(a.Metrics)
		found[r.Name] = a
	}
	return found
}

func metric(namespace, name, statistic string, period int, dimensions map[string]string) string {
	text := namespace + " " + name + " " + statistic
	if period == 60 {
		text += " a minute"
	}
	for _, d := range slices.Sorted(maps.Keys(dimensions)) {
		text += " " + d + "=" + dimensions[d]
	}
	return text
}

func TestAlarms_BothTemplatesHaveTheSame(t *testing.T) {
	is := is.New(t)
	ours := cloudFormationAlarms(t)
	is.Equal(len(ours), 3)
	is.Equal(ours, terraformAlarms(t))
	is.Equal(ours["dynasession sessions-eu throttled"].Metrics, []string{
		"AWS/DynamoDB ReadThrottleEvents Sum a minute TableName=sessions-eu",
		"AWS/DynamoDB WriteThrottleEvents Sum a minute TableName=sessions-eu",
	})
	refused := ours["dynasession sessions-eu refused requests"].Metrics
	is.Equal(refused, []string{"AWS/DynamoDB UserErrors Sum a minute"}) // without dimensions
	for _, a := range ours {
		is.Equal(a.Actions, 2) // both alarm and recovery notify
		is.Equal(a.Missing, "notBreaching")
	}
}

// The alarm for system errors counts every operation that a service makes.
func TestAlarms_CountEveryOperation(t *testing.T) {
	is := is.New(t)
	var counted []string
	for _, m := range cloudFormationAlarms(t)["dynasession sessions-eu system errors"].Metrics {
		rest, ok := strings.CutPrefix(m, "AWS/DynamoDB SystemErrors Sum a minute Operation=")
		is.True(ok)
		operation, _, _ := strings.Cut(rest, " ")
		counted = append(counted, "dynamodb:"+operation)
	}
	onItems := slices.DeleteFunc(readPolicy(t, "subjects").actions(), func(a string) bool { return !strings.HasSuffix(a, "Item") })
	is.Equal(counted, onItems) // operations on the table itself are rare and not counted
}

// Each alarm names the section of the runbook that tells what to do.
func TestAlarms_TheRunbookHasWhatTheyName(t *testing.T) {
	is := is.New(t)
	runbook, err := os.ReadFile("../../docs/runbook.md")
	is.NoErr(err)
	for _, a := range cloudFormationAlarms(t) {
		part := regexp.MustCompile(`See the runbook, "(.*)"|see the runbook, "(.*)"`).FindStringSubmatch(a.Description)
		is.True(part != nil)
		heading := "\n## " + part[1] + part[2] + "\n"
		is.True(strings.Contains(string(runbook), heading)) // the section exists
	}
}
