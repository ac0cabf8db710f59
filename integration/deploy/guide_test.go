package deploy_test

import (
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/matryer/is"
)

// The guides use only variables and outputs that the module has.
func TestGuides_CallTheModuleAsItIs(t *testing.T) {
	m := readModule(t)
	variables, outputs := map[string]bool{}, map[string]bool{}
	for _, b := range m.blocks["variable"] {
		variables[b.Labels[0]] = true
	}
	for _, b := range m.blocks["output"] {
		outputs[b.Labels[0]] = true
	}
	for _, page := range []string{"../../docs/terraform.md", "../../deploy/README.md"} {
		is := is.New(t)
		text, err := os.ReadFile(page)
		is.NoErr(err)
		calls := 0
		for _, fence := range []string{"```hcl\n", "```terraform\n"} {
			for _, b := range strings.Split(string(text), fence)[1:] {
				block, _, ok := strings.Cut(b, "```")
				is.True(ok)
				file, diags := hclparse.NewParser().ParseHCL([]byte(block), page)
				fine(t, diags)
				content, diags := file.Body.Content(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
					{Type: "module", LabelNames: []string{"name"}}, {Type: "resource", LabelNames: []string{"type", "name"}},
				}})
				fine(t, diags)
				for _, b := range content.Blocks {
					attributes, diags := b.Body.JustAttributes()
					fine(t, diags)
					for name, a := range attributes {
						if b.Type == "module" && name != "source" {
							is.True(variables[name]) // the module has the variable
							calls++
						}
						for _, v := range a.Expr.Variables() {
							if v.RootName() == "module" {
								output := v[2].(hcl.TraverseAttr).Name
								is.True(outputs[output]) // the module has the output
							}
						}
					}
				}
			}
		}
		is.True(calls > 0)
	}
	// The guide's table lists every variable.
	page, err := os.ReadFile("../../docs/terraform.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range variables {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/terraform.md does not name %s", name)
		}
	}
}
