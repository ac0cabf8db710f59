// Package integration_test has the tests of the module as a whole: those that need a real engine,
// and those that read the source to check that the layout follows docs/design.md.
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

// within reports whether folder is one of the given folders or inside one of them.
func within(folder string, of ...string) bool {
	for _, o := range of {
		if folder == o || strings.HasPrefix(folder, o+"/") {
			return true
		}
	}
	return false
}

// sources parses every Go file of the module, except in folders that the go command ignores.
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
