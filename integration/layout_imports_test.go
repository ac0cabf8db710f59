package integration_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/matryer/is"
)

const (
	awsSDK      = "github.com/aws"
	messagePack = "github.com/vmihailenco"
	compression = "github.com/klauspost"
	http        = "net/http"
)

// A layer is a folder and what its packages may import besides the standard library. net/http must
// be listed nevertheless. Subfolders that are not layers themselves follow the same rule.
type layer struct {
	folder string
	ours   []string
	others []string
}

// openTelemetry is OpenTelemetry's API and its dependencies.
var openTelemetry = []string{"go.opentelemetry.io", "github.com/go-logr", "github.com/cespare"}

// memory is the cache of Config.PeekFor and its dependencies.
var memory = []string{"github.com/jellydator/ttlcache", "golang.org/x/sync"}

// codecParts are the packages that codecs are built from.
var codecParts = []string{
	"codec/internal/fault", "codec/internal/generic", "codec/internal/members", "codec/internal/opaque", "codec/internal/shape",
}

var layers = []layer{
	{folder: "clock"},
	{folder: "codec", ours: codecParts},
	{folder: "codec/codectest", ours: []string{"codec"}},
	{folder: "codec/internal"},
	{folder: "codec/internal/members", ours: []string{"codec/internal/shape"}},
	{folder: "codec/internal/opaque", ours: []string{"codec/internal/shape"}},
	{folder: "codec/internal/sweep", others: []string{http}}, // values for tests
	{folder: "internal/wants"},                               // for tests
	{folder: "codec/internal/shape", ours: []string{"codec/internal/fault"}},
	{folder: "codec/msgpack", ours: append([]string{"codec"}, codecParts...), others: []string{messagePack}},
	{folder: "codec/zstd", ours: []string{"codec/internal/fault"}, others: []string{compression}},
	{folder: "codec/attribute", ours: append([]string{"codec"}, codecParts...), others: []string{awsSDK}},
	{folder: "sessions", ours: []string{"clock", "codec", "sessions/driver", "sessions/event"}, others: memory},
	{folder: "sessions/driver", ours: []string{"clock", "codec"}},
	{folder: "sessions/event"},
	{folder: "sessions/internal/counting", ours: []string{"clock", "sessions/driver"}},
	{folder: "sessions/internal/encrypt", ours: []string{"codec", "sessions/driver"}},
	{folder: "sessions/internal/recent", ours: []string{"clock", "sessions/driver"}, others: memory},
	{folder: "sessions/internal/rosters", ours: []string{"sessions/driver"}},
	{folder: "sessions/memstore", ours: []string{"clock", "codec", "sessions/driver"}},
	{folder: "sessions/regional", ours: []string{"clock", "sessions/driver"}},
	{folder: "sessions/storetest", ours: []string{"clock", "codec", "sessions/driver"}},
	{folder: "sessions/pysession", ours: []string{"clock", "codec", "sessions"}},
	{folder: "sessions/otelsessions", ours: []string{"sessions/event"}, others: append([]string{http}, openTelemetry...)},
	{folder: "sessions/web", ours: []string{"clock", "codec", "sessions", "sessions/driver", "sessions/event", "sessions/internal/recent", "sessions/internal/threeway"}, others: []string{http, "golang.org/x/net"}},
	// dynamo needs net/http for its client's connection pool; it serves no HTTP.
	{folder: "dynamo", ours: []string{"clock", "codec", "codec/attribute", "sessions/driver"}, others: []string{awsSDK, http}},
}

// free are folders that may import anything and that no other package imports.
var free = []string{"cmd", "deploy", "examples", "integration"}

// layerOf returns the innermost layer that contains a folder.
func layerOf(folder string) (layer, bool) {
	var found layer
	for _, l := range layers {
		if within(folder, l.folder) && len(l.folder) > len(found.folder) {
			found = l
		}
	}
	return found, found.folder != ""
}

// wrongArrow returns why a package in the folder importer must not import the package imported, ""
// if it may.
func wrongArrow(importer, imported string) string {
	if within(importer, free...) {
		return ""
	}
	l, ok := layerOf(importer)
	if !ok {
		return importer + " is in no layer: give it one here and in docs/design.md"
	}
	ours, isOurs := strings.CutPrefix(imported, module+"/")
	switch {
	case isOurs && (slices.Contains(l.ours, ours) || within(ours, l.folder+"/internal")):
		return ""
	case !isOurs && isStandard(imported) && !within(imported, http):
		return ""
	case !isOurs && within(imported, l.others...):
		return ""
	}
	may := append(slices.Clone(l.ours), l.others...)
	return fmt.Sprintf("%s imports %s; beside the standard library it may import [%s]", importer, imported, strings.Join(may, " "))
}

// wrongLink returns why a package in the folder importer must not depend on the package linked,
// directly or not; "" if it may. A package may depend on whatever the packages that it imports may
// depend on.
func wrongLink(importer, linked string) string {
	l, ok := layerOf(importer)
	if !ok || (isStandard(linked) && !within(linked, http)) || strings.HasPrefix(linked, module) {
		return ""
	}
	brings := slices.Clone(l.others)
	for _, o := range l.ours {
		below, _ := layerOf(o)
		brings = append(brings, below.others...)
	}
	if slices.Contains(brings, awsSDK) {
		brings = append(brings, http)
	}
	if within(linked, brings...) {
		return ""
	}
	return fmt.Sprintf("go list -deps ./%s shows %s", importer, linked)
}

// isStandard reports whether a package belongs to the standard library: other import paths begin
// with a host name.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

func TestImportsPointDownwards(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() {
			continue // tests may import more than what they test
		}
		for _, spec := range s.ast.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if wrong := wrongArrow(s.folder(), imported); wrong != "" {
				t.Errorf("%s: %s", s.fset.Position(spec.Pos()), wrong)
			}
		}
	}
}

func TestLayersLinkWhatTheyMustAndNoMore(t *testing.T) {
	is := is.New(t)
	list := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Deps", "./...")
	list.Dir = ".."
	out, err := list.Output()
	is.NoErr(err) // go list succeeds
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Deps       []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		for _, dep := range p.Deps {
			if wrong := wrongLink(strings.TrimPrefix(p.ImportPath, module+"/"), dep); wrong != "" {
				t.Error(wrong)
			}
		}
	}
}

func TestWrongArrow(t *testing.T) {
	for _, tc := range []struct {
		importer, imported string
		right              bool
	}{
		{"clock", "time", true},
		{"clock", module + "/codec", false},
		{"codec", module + "/clock", false},
		{"codec", module + "/codec/msgpack", false},
		{"codec/msgpack", "github.com/vmihailenco/msgpack/v5", true},
		{"codec/msgpack", "github.com/aws/smithy-go", false},
		{"codec", module + "/codec/zstd", false},
		{"codec/zstd", "github.com/klauspost/compress/zstd", true},
		{"codec/zstd", module + "/codec/msgpack", false},
		{"codec/attribute", "github.com/aws/aws-sdk-go-v2/service/dynamodb/types", true},
		{"sessions", module + "/codec", true},
		{"sessions", module + "/codec/attribute", false},
		{"sessions", module + "/sessions/internal/roster", true},
		{"sessions", module + "/dynamo", false},
		{"sessions", "github.com/aws/aws-sdk-go-v2/aws", false},
		{"sessions", "net/http", false},
		{"sessions", "net/url", true},
		{"sessions/web", "net/http/httputil", true},
		{"sessions/web", module + "/dynamo", false},
		{"sessions/web/inner", "net/http", true},
		{"sessions/memstore", module + "/sessions/driver", true},
		{"sessions/memstore", module + "/sessions", false},
		{"sessions/driver", module + "/sessions", false},
		{"sessions/driver", module + "/sessions/event", false},
		{"sessions/event", module + "/sessions/driver", false},
		{"dynamo", module + "/sessions/driver", true},
		{"dynamo", module + "/sessions", false},
		{"sessions/memstore", module + "/sessions/web", false},
		{"sessions/storetest", "github.com/matryer/is", false},
		{"dynamo", module + "/codec/attribute", true},
		{"dynamo", module + "/codec/msgpack", false},
		{"dynamo", module + "/sessions/web", false},
		{"dynamo", module + "/integration/engine", false},
		{"examples/quickstart", module + "/dynamo", true},
		{"elsewhere", "fmt", false},
	} {
		t.Run(tc.importer+" to "+tc.imported, func(t *testing.T) {
			is := is.New(t)
			wrong := wrongArrow(tc.importer, tc.imported)
			is.Equal(wrong == "", tc.right)
			is.True(wrong == "" || strings.Contains(wrong, tc.importer)) // it names the importer
		})
	}
}

func TestWrongLink(t *testing.T) {
	is := is.New(t)
	is.Equal(wrongLink("sessions", "github.com/aws/smithy-go"), "go list -deps ./sessions shows github.com/aws/smithy-go")
	is.True(wrongLink("sessions", "github.com/vmihailenco/tagparser/v2") != "") // no msgpack
	is.True(wrongLink("sessions/memstore", "net/http") != "")                   // no HTTP
	is.True(wrongLink("sessions", "github.com/klauspost/compress/zstd") != "")  // no compression
	is.True(wrongLink("dynamo", "github.com/vmihailenco/msgpack/v5") != "")     // no msgpack
	is.Equal(wrongLink("dynamo", "github.com/aws/smithy-go"), "")
	is.Equal(wrongLink("codec/attribute", "net/http"), "") // the AWS SDK depends on it
	is.Equal(wrongLink("sessions", "encoding/json"), "")
	is.Equal(wrongLink("examples/quickstart", "github.com/aws/smithy-go"), "")
}
