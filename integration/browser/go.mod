module github.com/dynasession/dynasession/integration/browser

go 1.26

replace github.com/dynasession/dynasession => ../..
