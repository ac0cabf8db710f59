package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/matryer/is"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// seen returns the labels of each metric that the application exports to Prometheus.
func (w *world) seen() map[string]map[string]bool {
	w.t.Helper()
	r, err := w.client.Get(w.url + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		w.t.Fatal(r.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(io.Reader(r.Body))
	if err != nil {
		w.t.Fatal(err)
	}
	found := map[string]map[string]bool{}
	for name, family := range families {
		names := []string{name}
		if family.GetType() == dto.MetricType_HISTOGRAM {
			names = []string{name + "_bucket", name + "_count", name + "_sum"}
		}
		for _, n := range names {
			found[n] = map[string]bool{"job": true, "instance": true} // labels that Prometheus adds
			if strings.HasSuffix(n, "_bucket") {
				found[n]["le"] = true
			}
			for _, m := range family.GetMetric() {
				for _, l := range m.GetLabel() {
					found[n][l.GetName()] = true
				}
			}
		}
	}
	return found
}

// The dashboard's queries use only metrics and labels that the application exports.
func TestDashboard_AsksForWhatThereIs(t *testing.T) {
	is := is.New(t)
	w := newWorld(t)
	b := w.signedIn("ada", "p1")
	b.do("POST", "/count", "")
	b.do("GET", "/me", "")
	w.conflict(b)
	seen := w.seen()

	text, err := os.ReadFile("../../deploy/grafana/sessions.json")
	is.NoErr(err)
	var dashboard struct {
		Title  string
		UID    string `json:"uid"`
		Panels []struct {
			ID                 int
			Title, Description string
			GridPos            struct{ H, W, X, Y int }
			Targets            []struct{ RefID, Expr, LegendFormat string }
		}
		Templating struct {
			List []struct{ Name, Definition string }
		}
	}
	is.NoErr(json.Unmarshal(text, &dashboard))
	is.True(len(dashboard.Panels) >= 8)
	ids, asked := map[int]bool{}, map[string]bool{}
	for _, p := range dashboard.Panels {
		is.True(!ids[p.ID] && p.Title != "" && p.Description != "" && len(p.Targets) > 0)
		ids[p.ID] = true
		for _, target := range p.Targets {
			query := strings.NewReplacer("$__rate_interval", "5m", "$job", ".*").Replace(target.Expr)
			is.True(!strings.Contains(query, "$")) // no other variables
			expr, err := metricsql.Parse(query)
			is.NoErr(err)
			metrics, labels := askedFor(expr)
			is.True(len(metrics) > 0)
			have := map[string]bool{}
			for _, m := range metrics {
				asked[m] = true
				if seen[m] == nil {
					t.Errorf("%s: %s: there is no metric %s among %v", p.Title, target.Expr, m, slices.Sorted(maps.Keys(seen)))
				}
				maps.Copy(have, seen[m])
			}
			for _, l := range labels {
				if !have[l] {
					t.Errorf("%s: %s: no metric of it has a label %s", p.Title, target.Expr, l)
				}
			}
		}
	}
	is.True(len(asked) >= 6)
	for _, v := range dashboard.Templating.List {
		if inner, ok := strings.CutPrefix(v.Definition, "label_values("); ok {
			name, _, _ := strings.Cut(inner, ",")
			is.True(seen[name] != nil)
		}
	}
}

// askedFor returns the metrics and labels that a query uses.
func askedFor(expr metricsql.Expr) (metrics, labels []string) {
	metricsql.VisitAll(expr, func(e metricsql.Expr) {
		switch e := e.(type) {
		case *metricsql.MetricExpr:
			for _, alternative := range e.LabelFilterss {
				for _, f := range alternative {
					if f.Label == "__name__" {
						metrics = append(metrics, f.Value)
					} else {
						labels = append(labels, f.Label)
					}
				}
			}
		case *metricsql.AggrFuncExpr:
			labels = append(labels, e.Modifier.Args...)
		}
	})
	return metrics, labels
}

// conflict begins a login that fails with a conflict: during it a second login changes the session,
// and the changes of the two can't be merged.
func (w *world) conflict(b *caller) {
	w.t.Helper()
	second := *b.client
	second.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w.provider.next("ada", "p2")
	w.provider.whenAsked(func() { (&caller{w: w, client: &second}).do("GET", "/login", "") })
	if status, _ := b.do("GET", "/login", ""); status != http.StatusConflict {
		w.t.Fatalf("status %d, want a conflict", status)
	}
}
