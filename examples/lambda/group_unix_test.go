//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// group starts the emulator in a group of its own: the function is its child, and ends with it.
func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func end(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
