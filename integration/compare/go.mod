module github.com/dynasession/dynasession/integration/compare

go 1.26

replace github.com/dynasession/dynasession => ../..

require (
	github.com/alexedwards/scs/v2 v2.9.0
	github.com/dynasession/dynasession v0.0.0-00010101000000-000000000000
	github.com/go-chi/chi/v5 v5.5.0
	github.com/matryer/is v1.4.1
)
