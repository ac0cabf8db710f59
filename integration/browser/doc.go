// Package browser tries the cookies of sessions/web in a real browser, headless Chromium. It is a module of its own, so that what
// drives the browser stays out of the library's go.mod.
package browser
