package storetest

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// withoutRule has the sentences of the contract that no rule tests, and why.
var withoutRule = map[string]string{
	"Store keeps the records and rosters of sessions.":                                                                      "says what it is",
	"Applications choose one (memstore, or dynamo for DynamoDB) and pass it to sessions.New; the Manager calls it.":         "is for applications",
	"To implement a Store, test it with package storetest: every sentence below, and of RosterChange, is one of its rules.": "is what this test holds",

	"Apart from the errors named below, a call may return ErrDecode if something stored can't be read, ErrTooLarge, ErrUnavailable and ErrOutcomeUnknown.": "allows something",
	"A call that returns an error other than ErrOutcomeUnknown has changed nothing.":                                                                       "each rule about an error looks whether something has changed",

	"A Manager uses it, unless its Config has another.":                                                      "binds the Manager",
	`Name returns the name of the table or whatever else the store keeps its records in; "" if it has none.`: "says what it is",
	"A Manager that encrypts data binds the name to it: under another name the data can't be decrypted.":     "binds the Manager",
	"Leave must not contain Enter.":           "binds the Manager",
	"A change does not both Close and Enter.": "binds the Manager",
}

// contract returns the sentences of package driver's comments that make up the contract.
func contract(t *testing.T) []string {
	t.Helper()
	types := map[string]*ast.TypeSpec{}
	docs := map[string]string{}
	for _, name := range []string{"store.go", "roster.go"} {
		file, err := parser.ParseFile(gotoken.NewFileSet(), filepath.Join("..", "driver", name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if d, ok := decl.(*ast.GenDecl); ok && d.Tok == gotoken.TYPE {
				spec := d.Specs[0].(*ast.TypeSpec)
				types[spec.Name.Name], docs[spec.Name.Name] = spec, d.Doc.Text()
			}
		}
	}
	all := []string{docs["Store"], docs["State"], docs["RosterChange"]}
	for _, m := range types["Store"].Type.(*ast.InterfaceType).Methods.List {
		all = append(all, m.Doc.Text())
	}
	for _, f := range types["RosterChange"].Type.(*ast.StructType).Fields.List {
		all = append(all, f.Doc.Text())
	}
	var found []string
	for _, text := range all {
		found = append(found, sentences(text)...)
	}
	return found
}

var (
	link = regexp.MustCompile(`\[(\*?\w+)\]`)
	stop = regexp.MustCompile(`([.?!]) ([A-Z])`)
)

// sentences returns the sentences of a comment.
func sentences(text string) []string {
	var all []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		one := link.ReplaceAllString(strings.Join(strings.Fields(paragraph), " "), "$1")
		if one != "" {
			all = append(all, strings.Split(stop.ReplaceAllString(one, "$1\n$2"), "\n")...)
		}
	}
	return all
}

func TestContract_EveryRuleIsASentenceOfIt(t *testing.T) {
	is := is.New(t)
	all := contract(t)
	is.True(len(all) > 50)
	for _, r := range rules() {
		if !slices.Contains(all, r.sentence) {
			t.Errorf("%s: not in the contract: %s", r.name, r.sentence)
		}
	}
}

func TestContract_EverySentenceHasARule(t *testing.T) {
	have := map[string]bool{}
	for _, r := range rules() {
		have[r.sentence] = true
	}
	all := contract(t)
	for _, s := range all {
		if _, isExcepted := withoutRule[s]; have[s] == isExcepted {
			t.Errorf("has a rule: %t, is excepted: %t: %s", have[s], isExcepted, s)
		}
	}
	for s := range withoutRule {
		if !slices.Contains(all, s) {
			t.Errorf("is excepted and not in the contract: %s", s)
		}
	}
}

func TestContract_IsFoundInComments(t *testing.T) {
	is := is.New(t)
	got := sentences("Load returns e.Key, or [ErrNotFound]. If not,\nan [*EndedError]; rev \"\" is none. \"\": none.\n\nThe end.\n")
	is.Equal(got, []string{
		"Load returns e.Key, or ErrNotFound.", `If not, an *EndedError; rev "" is none. "": none.`, "The end.",
	})
}

func TestRules_HaveNamesOfTheirOwnAndNeedWhatComesBefore(t *testing.T) {
	is := is.New(t)
	before := map[string]bool{}
	for _, r := range rules() {
		is.True(!before[r.name]) // no name occurs twice
		for _, name := range r.needs {
			if !before[name] {
				t.Errorf("%s needs %s, which does not come before it", r.name, name)
			}
		}
		before[r.name] = true
	}
}
