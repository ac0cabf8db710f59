package integration_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// link matches a Markdown link to a file, and captures the path without a fragment.
var link = regexp.MustCompile(`\]\(([\w./-]+)(?:#[^)]*)?\)`)

func TestDocs_EveryLinkToAFileLeadsToOne(t *testing.T) {
	is := is.New(t)
	root := os.DirFS("..")
	pages, links := 0, 0
	is.NoErr(fs.WalkDir(root, ".", func(page string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && page != ".") {
			return fs.SkipDir
		}
		if filepath.Ext(page) != ".md" {
			return nil
		}
		text, err := fs.ReadFile(root, page)
		if err != nil {
			return err
		}
		pages++
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			links++
			if _, err := fs.Stat(root, path.Join(path.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			}
		}
		return nil
	}))
	is.True(pages >= 8)
	is.True(links >= 10)
}
