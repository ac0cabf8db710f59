package integration_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// permitted are the licences that allow linking into closed products. The two-clause BSD licence is
// recognised as BSD-3-Clause. MPL-2.0 is allowed only for dependencies of tests.
var (
	permitted = []string{"MIT", "BSD-3-Clause", "Apache-2.0", "ISC"}
	inTests   = []string{"MPL-2.0"}
)

// TestLicences checks the licence of every module that a package or test of this module depends on.
func TestLicences(t *testing.T) {
	is := is.New(t)
	linked := modules(t, "./...")
	is.True(len(linked) > 10)
	for path, dir := range modules(t, "-test", "./...") {
		_, ships := linked[path]
		found := licences(t, dir)
		if len(found) == 0 {
			t.Errorf("%s has no known licence", path)
		}
		for _, id := range found {
			if !slices.Contains(permitted, id) && (ships || !slices.Contains(inTests, id)) {
				t.Errorf("%s has the licence %s", path, id)
			}
		}
	}
}

// modules returns the modules that the packages depend on, with their folders.
func modules(t *testing.T, packages ...string) map[string]string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", append([]string{"list", "-deps", "-json=Module"}, packages...)...)
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			Module *struct {
				Path, Dir string
				Main      bool
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && !p.Module.Main {
			found[p.Module.Path] = p.Module.Dir
		}
	}
}

// phrases identify licences: each occurs in one licence only.
var phrases = []struct{ id, phrase string }{
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"Apache-2.0", "Apache License Version 2.0"},
	{"BSD-3-Clause", "Redistribution and use in source and binary forms"},
	{"MPL-2.0", "Mozilla Public License Version 2.0"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose"},
	{"GPL", "GNU GENERAL PUBLIC LICENSE"},
	{"LGPL", "GNU LESSER GENERAL PUBLIC LICENSE"},
	{"AGPL", "GNU AFFERO GENERAL PUBLIC LICENSE"},
	{"SSPL", "Server Side Public License"},
	{"BUSL", "Business Source License"},
}

// licences returns the names of the licences in the files of a module's folder.
func licences(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, file := range files {
		name := strings.ToUpper(filepath.Base(file))
		if !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "COPYING") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a folder
		}
		words := strings.Join(strings.Fields(string(text)), " ")
		for _, p := range phrases {
			if strings.Contains(words, p.phrase) && !slices.Contains(ids, p.id) {
				ids = append(ids, p.id)
			}
		}
	}
	return ids
}
