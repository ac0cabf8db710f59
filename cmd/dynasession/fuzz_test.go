package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/dynasession/dynasession/deploy"
)

// Whatever the names are, a template is refused or well formed, and has nothing in it but those
// names. In YAML a name is quoted: true and 2026 are names of tables too.
func FuzzTemplates(f *testing.F) {
	f.Add("sessions-eu", "eu-central-1", "123456789012")
	f.Add("true", "us-gov-west-1", "")
	f.Add("2026-11-26", "", "12")
	f.Add(`x" injected`, `eu"`, `1","Effect":"Allow`)
	f.Add("a\nb", "cn-north-1\n", "123456789012\n")
	stack, err := deploy.Files().ReadFile("cloudformation.yaml")
	if err != nil {
		f.Fatal(err)
	}
	print := func(t *testing.T, table, region, account string, what ...string) (string, bool) {
		var out, errs bytes.Buffer
		args := append([]string{"-table=" + table, "-region=" + region, "table", "template", "-account=" + account}, what...)
		switch code := run(t.Context(), args, strings.NewReader(""), &out, &errs); {
		case code == exitUsage && out.Len() == 0 && errs.Len() > 0:
			return "", false
		case code != exitDone:
			t.Fatalf("exit code %d, %s", code, &errs)
		}
		return out.String(), true
	}
	f.Fuzz(func(t *testing.T, table, region, account string) {
		yaml, ok := print(t, table, region, account, "cloudformation")
		if ok && yaml != strings.Replace(string(stack), `"app_session"`, `"`+table+`"`, 1) {
			t.Errorf("the stack has more in it than %q", table)
		}
		if module, ok := print(t, table, region, account, "terraform"); ok && strings.Count(module, `default     = "`+table+`"`) != 1 {
			t.Errorf("the module has no table %q", table)
		}
		for _, role := range roles {
			text, ok := print(t, table, region, account, "policy", role)
			if !ok {
				continue
			}
			var policy struct{ Statement []struct{ Resource string } }
			if err := json.Unmarshal([]byte(text), &policy); err != nil {
				t.Fatalf("the policy of %s: %v", role, err)
			}
			if at := policy.Statement[0].Resource; role != "key" && !strings.HasSuffix(at, ":table/"+table) || strings.ContainsAny(at, "\n\"") {
				t.Errorf("the policy of %s is for %q", role, at)
			}
		}
	})
}
