// Package integration_test holds what concerns the whole module: the tests that need a real engine, and those that read
// the source itself to keep the layout as docs/design.md draws it.
package integration_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
)

const module = "github.com/dynasession/dynasession"

// A source is one Go file of the module.
type source struct {
	path  string // from the module's root, with slashes
	lines int
	fset  *token.FileSet
	ast   *ast.File
}

func (s source) folder() string { return path.Dir(s.path) }

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// within reports whether folder is one of these or lies below one of them.
func within(folder string, of ...string) bool {
	for _, o := range of {
		if folder == o || strings.HasPrefix(folder, o+"/") {
			return true
		}
	}
	return false
}

// sources reads every Go file of the module. Folders that the go command passes over are passed over here.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && p != "." && (name == "testdata" || name == "node_modules" || strings.ContainsAny(name[:1], "._")) {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(p) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(root, p)
		if err != nil {
			return err
		}
		all = append(all, parse(t, p, text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func parse(t *testing.T, p string, text []byte) source {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, p, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return source{path: p, lines: bytes.Count(text, []byte("\n")), fset: fset, ast: file}
}
