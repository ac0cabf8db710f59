package integration_test

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"
)

const (
	mostLines       = 250
	mostMedianLines = 100
)

// withoutTwin are files that have functions and no test file of the same name, each with the reason. Files that only
// declare, and the suites, need no entry.
var withoutTwin = map[string]string{}

// suites are tests themselves, in files that other packages can import. What tests them is in any file beside them.
var suites = []string{"codec/codectest", "sessions/storetest"}

func TestFilesAreShort(t *testing.T) {
	var lines []int
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		lines = append(lines, s.lines)
		if s.lines > mostLines {
			t.Errorf("%s has %d lines, more than %d: it holds more than one idea", s.path, s.lines, mostLines)
		}
	}
	if m := median(lines); m > mostMedianLines {
		t.Errorf("half of the files have %d lines or more, the median may be %d", m, mostMedianLines)
	}
}

func TestFilesHaveATwin(t *testing.T) {
	var all []string
	for _, s := range sources(t) {
		all = append(all, s.path)
	}
	for _, s := range sources(t) {
		if s.isTest() || !hasFunctions(s.ast) {
			continue
		}
		want, ok := twin(s.path, all)
		reason, listed := withoutTwin[s.path]
		switch {
		case !ok && !listed:
			t.Errorf("%s has no %s", s.path, want)
		case ok && listed:
			t.Errorf("%s has a twin, and yet is listed as having none (%s)", s.path, reason)
		}
	}
	for listed := range withoutTwin {
		if !slices.Contains(all, listed) {
			t.Errorf("%s is listed as having no twin, and does not exist", listed)
		}
	}
}

func median(of []int) int {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// hasFunctions reports whether there is anything in the file that runs.
func hasFunctions(file *ast.File) bool {
	return slices.ContainsFunc(file.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Body != nil
	})
}

// twin names the test file that goes with a file, and reports whether it is among all.
func twin(file string, all []string) (want string, ok bool) {
	if folder := path.Dir(file); within(folder, suites...) {
		return folder + "/*_test.go", slices.ContainsFunc(all, func(a string) bool {
			return path.Dir(a) == folder && strings.HasSuffix(a, "_test.go")
		})
	}
	want = strings.TrimSuffix(file, ".go") + "_test.go"
	return want, slices.Contains(all, want)
}

func TestMedian(t *testing.T) {
	is := is.New(t)
	is.Equal(median(nil), 0)
	is.Equal(median([]int{250, 10, 20}), 20)
	is.Equal(median([]int{4, 3, 2, 1}), 3) // the upper one of two
}

func TestHasFunctions(t *testing.T) {
	is := is.New(t)
	is.True(!hasFunctions(parse(t, "doc.go", []byte("// Package p is empty.\npackage p\n")).ast))
	is.True(!hasFunctions(parse(t, "types.go", []byte("package p\ntype S interface{ M() }\nvar e = 1\n")).ast))
	is.True(hasFunctions(parse(t, "code.go", []byte("package p\ntype T int\nfunc (T) M() {}\n")).ast))
}

func TestTwin(t *testing.T) {
	is := is.New(t)
	all := []string{"clock/fake.go", "clock/fake_test.go", "clock/clock.go", "sessions/storetest/run.go", "sessions/storetest/saboteur_test.go"}
	_, ok := twin("clock/fake.go", all)
	is.True(ok)
	want, ok := twin("clock/clock.go", all)
	is.True(!ok)
	is.Equal(want, "clock/clock_test.go") // the message can name it
	_, ok = twin("sessions/storetest/run.go", all)
	is.True(ok) // a suite's files are tested together
	_, ok = twin("codec/codectest/run.go", all)
	is.True(!ok) // but tested they are
}
