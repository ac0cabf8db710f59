package engine

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

const oldestJava = 17

// fromJava runs DynamoDB Local on the machine's Java, fetching it first if it isn't in the cache.
func fromJava(ctx context.Context) (plan, error) {
	out, err := exec.CommandContext(ctx, "java", "-version").CombinedOutput()
	if err != nil {
		return plan{}, fmt.Errorf("java: %w", err)
	}
	if v := javaVersion(string(out)); v < oldestJava {
		return plan{}, fmt.Errorf("java: version %d, DynamoDB Local needs %d", v, oldestJava)
	}
	folder, err := cacheFolder()
	if err != nil {
		return plan{}, err
	}
	jar, err := installed(ctx, folder)
	if err != nil {
		return plan{}, err
	}
	return plan{
		source: "java",
		dir:    filepath.Dir(jar),
		command: func(port int) []string {
			return append(append([]string{"java"}, engineArgs()...), "-port", strconv.Itoa(port))
		},
	}, nil
}

// engineArgs are what Java is told in the jar's folder. The heap is bounded and its collector is the frugal one, because
// several test binaries run at a time, each with its engine.
func engineArgs() []string {
	return []string{
		"-Xmx512m", "-XX:+UseSerialGC", "-Djava.library.path=./DynamoDBLocal_lib",
		"-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-disableTelemetry",
	}
}

var javaVersionText = regexp.MustCompile(`version "(?:1\.)?(\d+)`)

// javaVersion reads the feature release from what `java -version` prints, 0 if there is none: 17 for "17.0.15", 8 for
// "1.8.0_392", as it was written until Java 9.
func javaVersion(printed string) int {
	m := javaVersionText.FindStringSubmatch(printed)
	if m == nil {
		return 0
	}
	v, _ := strconv.Atoi(m[1]) // digits beyond an int are no Java
	return v
}
