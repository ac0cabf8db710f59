module github.com/dynasession/dynasession/integration/compare

go 1.26.0

replace github.com/dynasession/dynasession => ../..

require (
	github.com/alexedwards/scs/v2 v2.9.0
	github.com/dynasession/dynasession v0.0.0-00010101000000-000000000000
	github.com/go-chi/chi/v5 v5.5.0
	github.com/gorilla/sessions v1.4.0
	github.com/matryer/is v1.4.1
)

require (
	github.com/gorilla/securecookie v1.1.2 // indirect
	golang.org/x/net v0.62.0 // indirect
)

require (
	github.com/tink-crypto/tink-go/v2 v2.9.0
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)
