package engine

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestJavaVersion(t *testing.T) {
	for printed, want := range map[string]int{
		`openjdk version "17.0.15" 2025-04-15`:                                  17,
		`openjdk version "21-ea" 2023-09-19`:                                    21,
		`java version "1.8.0_392"`:                                              8,
		`openjdk version "9"`:                                                   9,
		"Picked up JAVA_TOOL_OPTIONS: -Dx=1\nopenjdk version \"25\" 2025-09-16": 25,
		"No Java runtime present":                                               0,
		"":                                                                      0,
	} {
		t.Run(printed, func(t *testing.T) {
			is := is.New(t)
			is.Equal(javaVersion(printed), want)
		})
	}
}

func TestJavaStartsTheJarInItsFolder(t *testing.T) {
	is := is.New(t)
	machine(t, "", map[string]string{"java": java17, "npm": npm})
	p, err := fromJava(t.Context())
	is.NoErr(err)
	is.Equal(filepath.Base(p.dir), "dynamodb_local_2026-05-28") // where the jar finds its libraries
	command := strings.Join(p.command(4711), " ")
	is.True(strings.HasPrefix(command, "java -Xmx"))        // a bounded heap
	is.True(strings.Contains(command, "-disableTelemetry")) // tests call nobody
	is.True(strings.HasSuffix(command, "-port 4711"))
}

func TestJavaTooOldNamesBothVersions(t *testing.T) {
	is := is.New(t)
	machine(t, "", map[string]string{"java": java11, "npm": npm})
	_, err := fromJava(t.Context())
	is.True(err != nil)
	is.Equal(err.Error(), "java: version 11, DynamoDB Local needs 17")
}
