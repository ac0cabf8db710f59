//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// group starts the emulator in a process group of its own, so that the function, its child, can be
// ended with it.
func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func end(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
