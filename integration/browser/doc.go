// Package browser tests the cookies of sessions/web in a real browser, headless Chromium. It is a
// separate module, so that the browser's driver stays out of the library's go.mod.
package browser
