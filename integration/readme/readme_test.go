// Package readme_test checks the code in README.md and docs: the blocks in README.md are cut from
// tested examples, and the blocks in docs compile.
package readme_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// paths are the packages that a block may use.
var paths = map[string]string{
	"attribute": "github.com/dynasession/dynasession/codec/attribute",
	"clock":     "github.com/dynasession/dynasession/clock",
	"codec":     "github.com/dynasession/dynasession/codec",
	"context":   "context",
	"dynamo":    "github.com/dynasession/dynasession/dynamo",
	"errors":    "errors",
	"event":     "github.com/dynasession/dynasession/sessions/event",
	"fmt":       "fmt",
	"http":      "net/http",
	"cookiejar": "net/http/cookiejar",
	"httptest":  "net/http/httptest",
	"httputil":  "net/http/httputil",
	"template":  "html/template",
	"url":       "net/url",
	"memstore":  "github.com/dynasession/dynasession/sessions/memstore",
	"msgpack":   "github.com/dynasession/dynasession/codec/msgpack",
	"sessions":  "github.com/dynasession/dynasession/sessions",
	"pysession": "github.com/dynasession/dynasession/sessions/pysession",
	"slices":    "slices",
	"crc32":     "hash/crc32",
	"driver":    "github.com/dynasession/dynasession/sessions/driver",
	"regional":  "github.com/dynasession/dynasession/sessions/regional",
	"strconv":   "strconv",
	"strings":   "strings",
	"slog":      "log/slog",
	"time":      "time",
	"web":       "github.com/dynasession/dynasession/sessions/web",
	"zstd":      "github.com/dynasession/dynasession/codec/zstd",

	"core":        "github.com/awslabs/aws-lambda-go-api-proxy/core",
	"httpadapter": "github.com/awslabs/aws-lambda-go-api-proxy/httpadapter",
	"lambda":      "github.com/aws/aws-lambda-go/lambda",
	"os":          "os",
}

// given are the names that a block may use without declaring them.
var given = []struct{ name, declaration string }{
	{"Cart", "type Cart struct { Items []string; Flash sessions.Flash[string] }"},
	{"ctx", "ctx := context.Background()"},
	{"id", "id := \"\""},
	{"store", "var store sessions.Store"},
	{"primitive", "var primitive sessions.AEAD"},
	{"s", "var s *sessions.Session[Cart]"},
	{"m", "var m *sessions.Manager[Cart]"},
	{"sess", "var sess *web.Middleware[Cart]"},
	{"handler", "var handler http.Handler"},
	{"payouts", "payouts := func(http.ResponseWriter, *http.Request) {}"},
	{"w", "var w http.ResponseWriter"},
	{"r", "var r *http.Request"},
	{"mux", "var mux *http.ServeMux"},
	{"err", "var err error"},
	{"page", "var page *template.Template"},
	{"events", "var events func(context.Context) <-chan string"},
	{"checkPassword", "var checkPassword func(name, password string) (user string, ok bool)"},
}

// program returns a program with the block as the body of main, or the block itself if it is a
// program.
func program(block string) string {
	if strings.Contains(block, "package ") {
		return block
	}
	body := ""
	for _, g := range given {
		declared := regexp.MustCompile(`(?m)^\s*(type ` + g.name + `\b|(\w+, )?` + g.name + `(, \w+)? := )`).MatchString(block)
		used := regexp.MustCompile(`\b` + g.name + `\b`).MatchString(block)
		if !declared && (used || g.name == "Cart") {
			body += g.declaration + "\n"
		}
	}
	body += block
	imports, code := "", regexp.MustCompile(`//.*`).ReplaceAllString(body, "")
	for name, path := range paths {
		used := `\b` + name + `\.\w`
		if name == "event" { // blocks have variables of this name, too
			used = `\bevent\.(Log|Multi)\(`
		}
		if regexp.MustCompile(used).MatchString(code) {
			imports += fmt.Sprintf("import %q\n", path)
		}
	}
	return "package main\n" + imports + "func main() {\n" + body + "}\n"
}

// blocks returns the Go blocks of a page.
func blocks(page string) []string {
	var found []string
	for _, m := range regexp.MustCompile("(?ms)^ *```go\n(.*?)^ *```").FindAllStringSubmatch(page, -1) {
		found = append(found, m[1])
	}
	return found
}

// Blocks may leave out uses of what they declare, and checks of errors.
var forgiven = regexp.MustCompile(`declared and not used|^#|^\s*$|too many errors`)

// cutElsewhere are the pages whose blocks are cut from programs in other modules, as tests there
// check.
var cutElsewhere = []string{"coming-from-gorilla.md", "coming-from-scs.md", "oidc.md", "streams.md"}

// The blocks of README.md are checked in cut_test.go.
func TestDocs_EveryBlockCompiles(t *testing.T) {
	is := is.New(t)
	root, err := filepath.Abs("../..")
	is.NoErr(err)
	var found []string
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	is.NoErr(err)
	for _, page := range pages {
		if slices.Contains(cutElsewhere, filepath.Base(page)) {
			continue
		}
		text, err := os.ReadFile(page)
		is.NoErr(err)
		found = append(found, blocks(string(text))...)
	}
	is.True(len(found) >= 10)
	overlay := map[string]string{}
	var packages []string
	for i, block := range found {
		file := filepath.Join(t.TempDir(), "main.go")
		is.NoErr(os.WriteFile(file, []byte(program(block)), 0o600))
		overlay[filepath.Join(root, "readme", fmt.Sprint("block", i), "main.go")] = file
		packages = append(packages, fmt.Sprint("./readme/block", i))
	}
	for _, out := range compile(t, root, overlay, packages) {
		t.Error(out)
	}
}

// compile returns the compiler's errors for the packages, which exist only in the overlay.
func compile(t *testing.T, root string, overlay map[string]string, packages []string) []string {
	t.Helper()
	is := is.New(t)
	replace, err := json.Marshal(map[string]any{"Replace": overlay})
	is.NoErr(err)
	file := filepath.Join(t.TempDir(), "overlay.json")
	is.NoErr(os.WriteFile(file, replace, 0o600))
	build := exec.CommandContext(t.Context(), "go", append([]string{"build", "-overlay", file, "-gcflags=-e", "-o", os.DevNull}, packages...)...)
	build.Dir = root
	out, _ := build.CombinedOutput() // always fails, as variables are unused
	var said []string
	for line := range strings.Lines(string(out)) {
		if !forgiven.MatchString(line) {
			said = append(said, line)
		}
	}
	return said
}

// compile finds an error in a block.
func TestCompile_SeesWhatIsWrong(t *testing.T) {
	is := is.New(t)
	root, err := filepath.Abs("../..")
	is.NoErr(err)
	file := filepath.Join(t.TempDir(), "main.go")
	is.NoErr(os.WriteFile(file, []byte(program("s, err := m.Lod(ctx, id)\n")), 0o600))
	said := compile(t, root, map[string]string{filepath.Join(root, "readme", "wrong", "main.go"): file}, []string{"./readme/wrong"})
	is.True(strings.Contains(strings.Join(said, ""), "m.Lod undefined"))
}

// The commands in the README are also run by CI, where the race detector and the engine are
// required.
func TestReadme_CommandsAreThose(t *testing.T) {
	is := is.New(t)
	page, err := os.ReadFile("../../README.md")
	is.NoErr(err)
	ci, err := os.ReadFile("../../.ci/run")
	is.NoErr(err)
	recipes, err := os.ReadFile("../../justfile")
	is.NoErr(err)
	is.True(strings.Contains(string(page), "go run ./examples/quickstart"))
	is.True(strings.Contains(string(ci), "go run ./examples/quickstart"))
	is.True(strings.Contains(string(page), "go test ./..."))
	is.True(strings.Contains(string(recipes), "go test -race ./..."))
}
