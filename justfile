# The tools are run at fixed versions and stay out of go.mod: who uses the library doesn't get them.
gofumpt := "mvdan.cc/gofumpt@v0.12.0"
staticcheck := "honnef.co/go/tools/cmd/staticcheck@v0.8.2"

set shell := ["bash", "-euo", "pipefail", "-c"]

# list the recipes
default:
    @just --list

# format every file
fmt:
    go run {{ gofumpt }} -w .

# formatting, go vet, staticcheck, and go.mod in order
lint:
    unformatted="$(go run {{ gofumpt }} -l .)"; \
      if [ -n "$unformatted" ]; then printf 'run `just fmt` for:\n%s\n' "$unformatted" >&2; exit 1; fi
    go mod tidy -diff
    go vet ./...
    go run {{ staticcheck }} ./...

# all tests; those that need an engine find one, or say that they are skipped
test:
    go test ./...

# all tests under the race detector
race:
    go test -race ./...

# every fuzz target for a time: just fuzz 5m
fuzz time="30s":
    #!/usr/bin/env bash
    set -euo pipefail
    # go test -list prints the targets of a package, and then the package.
    go test -list '^Fuzz' ./... |
      awk '/^Fuzz/ { targets[++n] = $1 } /^ok/ { for (i = 1; i <= n; i++) print $2, targets[i]; n = 0 }' |
      while read -r package target; do
        echo "$package $target"
        go test -run '^$' -fuzz "^$target\$" -fuzztime {{ time }} "$package" </dev/null
      done

# measure speed, and print the tables of docs/speed.md: all, or some of: operations unknown connections hedging memory
bench *what:
    #!/usr/bin/env bash
    set -euo pipefail
    what="{{ what }}"
    tables="$(mktemp)"
    trap 'rm -f "$tables"' EXIT
    for one in ${what:-operations unknown connections hedging memory}; do
      CI=true go test "./integration/bench/$one" -count=1 -timeout 30m -full -out "$tables" >&2
    done
    cat "$tables"

# every benchmark function, and the middleware beside another
benchmarks:
    go test -run '^$' -bench . -benchmem ./...
    cd integration/compare && go test -run '^$' -bench .

# the middleware under another router and in a real browser, the templates read by parsers, the API: modules of their own
beside:
    cd integration/compare && go vet ./... && go mod tidy -diff && go test -race ./...
    cd integration/api && go vet ./... && go mod tidy -diff && CI=true go test -count=1 ./...
    cd integration/deploy && go vet ./... && go mod tidy -diff && CI=true go test -count=1 ./...
    cd integration/proof && go vet ./... && go mod tidy -diff && CI=true go test -count=1 ./...
    cd integration/browser && go vet ./... && go mod tidy -diff && CI=true go test -count=1 ./...

# the tests on a real engine, one line each; fails without an engine
integration:
    CI=true go test -count=1 -v ./integration/...

# tests that measure, compile or draw, where the race detector only costs time
unraced := "integration$|integration/(cost|evolving|readme|bench|store|engine|python|regions|scale|explore|storm)|examples/(migrate|quickstart)|deploy"

# what CI runs: lint, all tests, under the race detector where they race, with the engine and the browser required
check: lint
    CI=true go test -race $(go list ./... | grep -vE '{{ unraced }}')
    CI=true go test $(go list ./... | grep -E '{{ unraced }}')
    just beside

# run a DynamoDB engine in the foreground, to try things on
[no-exit-message]
engine port="8000":
    go run ./integration/engine/cmd/engine -port {{ port }}

# hundreds of requests on a few sessions over a network that fails, and their record checked: just torture 10m
torture duration="1m":
    go test ./integration/torture -run '^TestTorture$' -count=1 -v -timeout 0 -duration {{ duration }}

# every two operations on the real code in every order of their store calls, with every fault at every call; takes an hour
explore *args:
    go test ./integration/explore -count=1 -timeout 0 -full -schedules 1000 {{ args }}

# kill processes and the engine under torture, and have the record judged: just crash 10m
crash duration="10m":
    cd integration/proof && go test . -run '^TestCrash_Of' -count=1 -v -timeout 0 -crashing {{ duration }}

# measure what each operation costs, and write docs/cost.md
cost:
    UPDATE_GOLDEN=1 go test ./integration/cost -count=1 -run '^TestCost$'

# run the model of a month of 100 million users, and write the tables and the plot of docs/scale.md
scale:
    UPDATE_GOLDEN=1 go test ./integration/scale -count=1 -run '^TestDoc$'
