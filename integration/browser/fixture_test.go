package browser

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// start runs the login example, and returns its URL.
func start(t *testing.T) string {
	t.Helper()
	url, _ := run(t)
	return url
}

// run runs the login example with arguments, and returns the first two lines of its output.
func run(t *testing.T, args ...string) (url, more string) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "login")
	build := exec.Command("go", "build", "-o", binary, "./examples/login")
	build.Dir = "../.." // the library's module
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	server := exec.CommandContext(t.Context(), binary, append(args, "-addr", "localhost:0")...)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	lines := bufio.NewReader(out)
	if url, err = lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if more, err = lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }() // drains its log
	return strings.TrimSpace(url), strings.TrimSpace(more)
}

// open starts a browser for this test and returns its tab.
func open(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path(t)), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("host-resolver-rules", "MAP site.test 127.0.0.1"), chromedp.Flag("disable-component-update", true))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	tab, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	do(t, tab) // not with a timeout, which would end the browser
	tab, cancel = context.WithTimeout(tab, 3*time.Minute)
	t.Cleanup(cancel)
	return tab
}

// another opens another tab of the same browser.
func another(t *testing.T, tab context.Context) context.Context {
	t.Helper()
	next, cancel := chromedp.NewContext(tab)
	t.Cleanup(cancel)
	return next
}

func do(t *testing.T, tab context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(tab, actions...); err != nil {
		t.Fatal(err)
	}
}

// text returns the text of an element.
func text(t *testing.T, tab context.Context, selector string) string {
	t.Helper()
	s, err := chromedp.Run(tab, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(s)
}

// click clicks a link or button, and waits until the next page has loaded.
func click(selector string) chromedp.Action[chromedp.Void] {
	loaded := chromedp.WaitEvent(page.LoadEventFired, func(page.EventLoadEventFired) bool { return true }, chromedp.Click(chromedp.CSS(selector)))
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := loaded(ctx, target)
		return chromedp.Void{}, err
	}
}

func visible(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(chromedp.CSS(selector))
}

// login signs in, from any page.
func login(t *testing.T, tab context.Context, url, name string) {
	t.Helper()
	do(t, tab, chromedp.Navigate(url+"/login"), chromedp.SendKeys(chromedp.CSS("input[name=name]"), name), chromedp.SendKeys(chromedp.CSS("input[name=password]"), "demo"),
		click("#submit"), visible("#subject"))
}

// cookies returns the browser's cookies for the site, by name.
func cookies(t *testing.T, tab context.Context) map[string]*network.Cookie {
	t.Helper()
	found := map[string]*network.Cookie{}
	_, err := chromedp.Run(tab, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		all, err := cdp.Call(ctx, target, network.GetCookies, network.GetCookiesParams{})
		for _, c := range all.Cookies {
			found[c.Name] = c
		}
		return chromedp.Void{}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
