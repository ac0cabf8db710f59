module github.com/dynasession/dynasession/integration/browser

go 1.26.0

replace github.com/dynasession/dynasession => ../..

require (
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.23.0
	github.com/dynasession/dynasession v0.0.0-00010101000000-000000000000
	github.com/matryer/is v1.4.1
)

require (
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/jellydator/ttlcache/v3 v3.4.1 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sync v0.16.0 // indirect
)
