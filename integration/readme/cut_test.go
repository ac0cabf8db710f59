package readme_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/sessions"
)

// examples returns the body of every Example function in the test files below root, unindented, by
// package and function name, such as "web.Example".
func examples(root string) (map[string]string, error) {
	found := map[string]string{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "integration" || strings.HasPrefix(d.Name(), ".") && file != root) {
			return fs.SkipDir
		}
		if !strings.HasSuffix(file, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		files := token.NewFileSet()
		parsed, err := parser.ParseFile(files, file, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Example") {
				continue
			}
			body := string(text[files.Position(f.Body.Lbrace).Offset+1 : files.Position(f.Body.Rbrace).Offset])
			name := strings.TrimSuffix(parsed.Name.Name, "_test") + "." + f.Name.Name
			found[name] = regexp.MustCompile(`(?m)^\t`).ReplaceAllString(body, "")
		}
		return nil
	})
	return found, err
}

// wrongCuts returns a sentence for each Go block of a page that is not part of the example named in
// the comment above it.
func wrongCuts(page string, bodies map[string]string) []string {
	var wrong []string
	named := regexp.MustCompile("(?ms)(?:^<!-- ([\\w.]+) -->\n)?^```go\n(.*?)^```")
	for _, m := range named.FindAllStringSubmatch(page, -1) {
		name, block := m[1], m[2]
		first, _, _ := strings.Cut(block, "\n")
		body, ok := bodies[name]
		switch {
		case name == "":
			wrong = append(wrong, fmt.Sprintf("the block %q names no example: write the code in one, and <!-- package.Example… --> above the block", first))
		case !ok:
			wrong = append(wrong, fmt.Sprintf("the block %q is to be of %s, and there is no such example", first, name))
		case !strings.Contains("\n"+body, "\n"+block):
			for line := range strings.Lines(block) {
				if !strings.Contains(body, line) {
					wrong = append(wrong, fmt.Sprintf("the block %q differs from %s: it lacks the line %q: change the example, and copy", first, name, strings.TrimSpace(line)))
					return wrong
				}
			}
			wrong = append(wrong, fmt.Sprintf("the block %q has the lines of %s in another order, or leaves some out", first, name))
		}
	}
	return wrong
}

func TestReadme_EveryBlockIsCutFromAnExample(t *testing.T) {
	is := is.New(t)
	page, err := os.ReadFile("../../README.md")
	is.NoErr(err)
	bodies, err := examples("../..")
	is.NoErr(err)
	is.True(len(bodies) >= 35)
	is.True(strings.Count(string(page), "```go\n") >= 10)
	for _, wrong := range wrongCuts(string(page), bodies) {
		t.Error("README.md: ", wrong)
	}
}

// Two blocks are cut from examples that go test only compiles, since they need a table. This test
// runs them.
func TestReadme_ItsFirstProgramRuns(t *testing.T) {
	is := is.New(t)
	endpoint := engine.Endpoint(t)
	// The first write of an engine that has just started can take longer than the program waits.
	m, err := sessions.New[string](engine.Store(t, engine.NewTable(t)), nil)
	is.NoErr(err)
	_, err = m.CreateAndSave(t.Context(), "warm")
	is.NoErr(err)
	root, err := filepath.Abs("../..")
	is.NoErr(err)
	page, err := os.ReadFile(filepath.Join(root, "README.md"))
	is.NoErr(err)
	code := "must := func(err error) { if err != nil { panic(err) } }\n"
	for _, begins := range []string{"client, err := dynamo.NewClient", "type Cart struct"} {
		i := slices.IndexFunc(blocks(string(page)), func(b string) bool { return strings.HasPrefix(b, begins) })
		is.True(i >= 0)
		code += "{\n" + blocks(string(page))[i] + "}\n"
	}
	file := filepath.Join(t.TempDir(), "main.go")
	is.NoErr(os.WriteFile(file, []byte(program(code)), 0o600))
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "readme", "main.go"): file}})
	is.NoErr(err)
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	is.NoErr(os.WriteFile(overlay, replace, 0o600))
	run := exec.CommandContext(t.Context(), "go", "run", "-buildvcs=false", "-overlay", overlay, "./readme")
	run.Dir = root
	run.Env = append(os.Environ(), "AWS_ENDPOINT_URL_DYNAMODB="+endpoint, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWrongCuts(t *testing.T) {
	bodies := map[string]string{"p.ExampleF": "\na := 1\nif a > 0 {\n\tb()\n}\nc()\n"}
	for _, tc := range []struct{ page, want string }{
		{"<!-- p.ExampleF -->\n```go\na := 1\nif a > 0 {\n\tb()\n}\n```\n", ""},
		{"<!-- p.ExampleF -->\n```go\nb()\n```\n", "another order"}, // the indentation differs
		{"<!-- p.ExampleF -->\n```go\na := 1\nc()\n```\n", "leaves some out"},
		{"<!-- p.ExampleF -->\n```go\na := 2\n```\n", `lacks the line "a := 2"`},
		{"<!-- p.ExampleG -->\n```go\na := 1\n```\n", "no such example"},
		{"```go\na := 1\n```\n", "names no example"},
	} {
		is := is.New(t)
		wrong := strings.Join(wrongCuts(tc.page, bodies), "\n")
		is.True(strings.Contains(wrong, tc.want))
		is.Equal(wrong == "", tc.want == "")
	}
}
