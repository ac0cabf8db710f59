package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// A bar shows a scan's progress on a terminal. If the output is not a terminal, it writes nothing.
type bar struct {
	to    io.Writer // nil if not a terminal
	whole int
}

func newBar(to io.Writer, whole int) bar {
	if !isTerminal(to) {
		to = nil
	}
	return bar{to, whole}
}

func (b bar) show(done int, items int64) {
	if b.to == nil {
		return
	}
	const width = 40
	filled := done * width / b.whole
	fmt.Fprintf(b.to, "\r[%s%s] %3d%% %s items ", strings.Repeat("#", filled), strings.Repeat(".", width-filled), done*100/b.whole, thousands(items))
}

func (b bar) end() {
	if b.to != nil {
		fmt.Fprintln(b.to)
	}
}

// isTerminal reports whether w is a character device other than the null device.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && info.Name() != os.DevNull && f.Name() != os.DevNull
}
