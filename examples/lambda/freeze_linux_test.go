package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// freeze stops the function's process as Lambda does between events, calls meanwhile, and resumes
// the process.
func (f *function) freeze(meanwhile func()) {
	f.t.Helper()
	pid := f.process()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		f.t.Fatal(err)
	}
	defer func() {
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
			f.t.Error(err)
		}
	}()
	deadline, tick := time.After(20*time.Second), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !isStopped(pid) {
		select {
		case <-tick.C:
		case <-deadline:
			f.t.Error("the function's process does not stop")
			return
		}
	}
	meanwhile()
	if !isStopped(pid) {
		f.t.Error("the function's process resumed by itself")
	}
}

// process returns the process ID of the function, a child of the emulator.
func (f *function) process() int {
	f.t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		f.t.Fatal(err)
	}
	for _, link := range links {
		if binary, err := os.Readlink(link); err == nil && binary == f.binary {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			if err != nil {
				f.t.Fatal(err)
			}
			return pid
		}
	}
	f.t.Fatal("the function does not run")
	return 0
}

// isStopped reports whether a process is stopped. Its state follows its name, which is in
// parentheses, in /proc/PID/stat.
func isStopped(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" T"))
}
