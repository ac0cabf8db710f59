package integration_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// declared returns the names that the Go files at a path declare: functions, methods, types,
// variables, constants and fields.
func declared(t *testing.T, path string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(path, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".go") {
		files = []string{path}
	}
	names := map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				names[n.Name.Name] = true
				return false
			case *ast.TypeSpec:
				names[n.Name.Name] = true
			case *ast.ValueSpec:
				for _, name := range n.Names {
					names[name.Name] = true
				}
			}
			return true
		})
	}
	return names
}

// wrongPlaces returns a sentence for each file and name in the table under "Where is it?" that does
// not exist. It looks for a name in the files and folders of its row.
func wrongPlaces(t *testing.T, root, page string) (wrong []string, rows int) {
	t.Helper()
	_, table, found := strings.Cut(page, "\n## Where is it?\n")
	if !found {
		return []string{`there is no section "Where is it?"`}, 0
	}
	table, _, _ = strings.Cut(table, "\n## ")
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| question") || strings.HasPrefix(line, "| ---") {
			continue
		}
		rows++
		var names, paths []string
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(line, -1) {
			switch code := m[1]; {
			case strings.ContainsAny(code, "*"):
				found, err := fs.Glob(os.DirFS(root), code)
				if err != nil || len(found) == 0 {
					wrong = append(wrong, "no file matches "+code+" in "+line)
				}
			case strings.Contains(code, "/") || strings.HasSuffix(code, ".md"):
				if _, err := os.Stat(filepath.Join(root, code)); err != nil {
					wrong = append(wrong, "there is no "+code+" in "+line)
					continue
				}
				paths = append(paths, code)
			default:
				names = append(names, code[strings.LastIndex(code, ".")+1:])
				if before, _, qualified := strings.Cut(code, "."); qualified && strings.ToLower(before) == before {
					paths = append(paths, before) // a name such as codec.Codec
				}
			}
		}
		for _, name := range names {
			there := false
			for _, path := range paths {
				there = there || declared(t, filepath.Join(root, path))[name]
			}
			if !there {
				wrong = append(wrong, "nothing named "+name+" where it should be in "+line)
			}
		}
	}
	return wrong, rows
}

func TestContributing_EveryPlaceExists(t *testing.T) {
	is := is.New(t)
	page, err := os.ReadFile("../CONTRIBUTING.md")
	is.NoErr(err)
	wrong, rows := wrongPlaces(t, "..", string(page))
	is.True(rows >= 25)
	for _, w := range wrong {
		t.Error(w)
	}
}

func TestWrongPlaces(t *testing.T) {
	for row, want := range map[string]string{
		"| touch? | `sessions/expiry.go`, `recordAccess` |":  "",
		"| a codec? | implement `codec.Codec` |":             "",
		"| touch? | `sessions/nowhere.go`, `recordAccess` |": "there is no sessions/nowhere.go",
		"| touch? | `sessions/expiry.go`, `recordNothing` |": "nothing named recordNothing",
		"| forms? | golden files in `*/nowhere` |":           "no file matches */nowhere",
	} {
		is := is.New(t)
		wrong, rows := wrongPlaces(t, "..", "\n## Where is it?\n\n| question | place |\n| --- | --- |\n"+row+"\n\n## Next\n")
		is.Equal(rows, 1)
		is.True(strings.Contains(strings.Join(wrong, "\n"), want))
		is.Equal(len(wrong) == 0, want == "")
	}
}
