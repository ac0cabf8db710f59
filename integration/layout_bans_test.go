package integration_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// banned returns a sentence with a position for each thing in the file that is not allowed.
//
// A test that sleeps is slow when it passes and flaky when it fails: use fake clocks and channels.
// A test that checks an error with errors.Is must show the error if the check fails. The library
// returns errors instead of panicking, starts nothing that outlives a call, and uses no predictable
// random numbers. Only the files in concurrent may start goroutines.
func banned(s source) []string {
	var found []string
	report := func(at token.Pos, what string) {
		found = append(found, fmt.Sprintf("%s: %s", s.fset.Position(at), what))
	}
	library := !s.isTest() && !within(s.folder(), free...) && !within(s.folder(), forTests...)
	goroutines := !library || within(s.folder(), suites...) || slices.Contains(concurrent, s.path)
	sleep := !s.isTest() && within(s.folder(), "examples")

	for _, spec := range s.ast.Imports {
		if p, _ := strconv.Unquote(spec.Path.Value); library && within(p, "math/rand") {
			report(spec.Pos(), "math/rand in the library: crypto/rand can't be predicted")
		}
	}
	time := importName(s.ast, "time")
	ast.Inspect(s.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			if !goroutines {
				report(n.Pos(), "a goroutine in the library")
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "panic" && library && !(slices.Contains(slices.Concat(concurrent, recovering), s.path) && goesOn(n)) {
				report(n.Pos(), "panic in the library: return an error")
			}
			if hidesAnError(n) {
				report(n.Pos(), "is.True of errors.Is doesn't show the error: use wants.Err or wants.NotErr")
			}
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Go" && len(n.Args) == 1 && !goroutines {
				report(n.Pos(), "a goroutine in the library") // a WaitGroup or an errgroup
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == time && n.Sel.Name == "Sleep" && !sleep {
				report(n.Pos(), "time.Sleep: wait for what is to happen, or set a fake clock")
			}
		}
		return true
	})
	return found
}

// hidesAnError reports whether a call is is.True(errors.Is(…)) or is.True(!errors.Is(…)).
func hidesAnError(call *ast.CallExpr) bool {
	called := func(e ast.Expr, pkg, name string) *ast.CallExpr {
		c, _ := e.(*ast.CallExpr)
		if c == nil || len(c.Args) == 0 {
			return nil
		}
		if f, ok := c.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == name {
			if x, ok := f.X.(*ast.Ident); ok && x.Name == pkg {
				return c
			}
		}
		return nil
	}
	check := called(call, "is", "True")
	if check == nil {
		return false
	}
	what := check.Args[0]
	if not, ok := what.(*ast.UnaryExpr); ok && not.Op == token.NOT {
		what = not.X
	}
	return called(what, "errors", "Is") != nil
}

// goesOn reports whether a call panics again with a panic that was caught. The panic must be kept
// in a field named panicked.
func goesOn(call *ast.CallExpr) bool {
	if len(call.Args) != 1 {
		return false
	}
	field, ok := call.Args[0].(*ast.SelectorExpr)
	return ok && field.Sel.Name == "panicked"
}

// concurrent are the library's files that may start goroutines. These must end when the call does,
// and the call must repeat a panic of the application's code in the caller's goroutine.
var concurrent = []string{
	"dynamo/internal/hedge/hedge.go", // two simultaneous reads; the loser's context is canceled
}

// recovering are the library's other files that may catch a panic of the application's code, and
// repeat it.
var recovering = []string{
	"sessions/web/middleware.go", // a handler's panic about a write that has failed is not repeated
}

// suites are packages of tests that other packages import.
var suites = []string{"codec/codectest", "sessions/storetest"}

// forTests are packages that only tests import.
var forTests = []string{"codec/internal/sweep", "internal/wants", "sessions/internal/cued"}

// importName returns the name under which the file imports a package, "" if it does not import it.
func importName(file *ast.File, importPath string) string {
	i := slices.IndexFunc(file.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == strconv.Quote(importPath) })
	switch {
	case i < 0:
		return ""
	case file.Imports[i].Name != nil:
		return file.Imports[i].Name.Name
	default:
		return path.Base(importPath)
	}
}

func TestNothingBanned(t *testing.T) {
	for _, s := range sources(t) {
		for _, b := range banned(s) {
			t.Error(b)
		}
	}
}

func TestBanned(t *testing.T) {
	const (
		sleeps     = "import \"time\"\nfunc f() { time.Sleep(1) }"
		renamed    = "import clock \"time\"\nvar wait = clock.Sleep"
		panics     = "func f() { panic(1) }"
		handsOn    = "func f(a answer) { panic(a.panicked) }"
		goes       = "func f() { go f() }"
		waitGroup  = "import \"sync\"\nfunc f(wg *sync.WaitGroup) { wg.Go(func() {}) }"
		random     = "import \"math/rand\""
		random2    = "import \"math/rand/v2\""
		commentary = "// panic(1), go f() and time.Sleep(1) are only spoken of.\nfunc f() string { return `time.Sleep(1) panic(1)` }"
		hides      = "func f() { is.True(errors.Is(err, target)) }"
		hidesNot   = "func f() { is.True(!errors.Is(err, target)) }"
		hidesLess  = "func f() { is.True(n == 1 || errors.Is(err, target)) }"
	)
	for _, tc := range []struct {
		path, code string
		want       string
	}{
		{"sessions/load.go", sleeps, "time.Sleep"},
		{"sessions/load.go", panics, "panic"},
		{"sessions/load.go", goes, "goroutine"},
		{"sessions/load.go", waitGroup, "goroutine"},
		{"dynamo/read.go", goes, "goroutine"},
		{"dynamo/internal/hedge/hedge.go", goes, ""},
		{"dynamo/internal/hedge/hedge.go", panics, "panic"},
		{"dynamo/internal/hedge/hedge.go", handsOn, ""},
		{"dynamo/read.go", handsOn, "panic"},
		{"sessions/web/middleware.go", handsOn, ""},
		{"sessions/web/middleware.go", panics, "panic"},
		{"sessions/web/middleware.go", goes, "goroutine"},
		{"dynamo/internal/hedge/race.go", goes, "goroutine"},
		{"sessions/load.go", random, "math/rand"},
		{"dynamo/retry.go", random2, "math/rand"},
		{"sessions/load.go", commentary, ""},
		{"sessions/load_test.go", sleeps, "time.Sleep"},
		{"sessions/load_test.go", renamed, "time.Sleep"},
		{"sessions/load_test.go", hides, "wants.Err"},
		{"sessions/load_test.go", hidesNot, "wants.NotErr"},
		{"sessions/load_test.go", hidesLess, ""},
		{"sessions/load_test.go", panics, ""},
		{"sessions/load_test.go", goes, ""},
		{"sessions/load_test.go", random, ""},
		{"sessions/storetest/race.go", goes, ""},
		{"sessions/storetest/race.go", waitGroup, ""},
		{"sessions/storetest/race.go", panics, "panic"},
		{"integration/engine/start.go", goes, ""},
		{"integration/engine/start.go", sleeps, "time.Sleep"},
		{"integration/engine/start_test.go", sleeps, "time.Sleep"},
		{"examples/quickstart/main.go", sleeps, ""},
	} {
		t.Run(tc.path+" "+tc.code, func(t *testing.T) {
			is := is.New(t)
			found := banned(parse(t, tc.path, []byte("package p\n"+tc.code)))
			if tc.want == "" {
				is.Equal(found, nil)
				return
			}
			is.Equal(len(found), 1)
			is.True(strings.Contains(found[0], tc.want))      // names what is banned
			is.True(strings.HasPrefix(found[0], tc.path+":")) // begins with the position
		})
	}
}
