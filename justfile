# The tools are run at fixed versions and stay out of go.mod, so that users of the library don't get
# them.
gofumpt := "mvdan.cc/gofumpt@v0.12.0"
staticcheck := "honnef.co/go/tools/cmd/staticcheck@v0.8.2"
benchstat := "golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da"

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

# all tests; those that need an engine and find none are skipped and say so
test:
    go test ./...

# all tests under the race detector
race:
    go test -race ./...

# every fuzz target for some time: just fuzz 5m
fuzz time="30s":
    #!/usr/bin/env bash
    set -euo pipefail
    # go test -list prints a package's targets and then the package.
    go test -list '^Fuzz' ./... |
      awk '/^Fuzz/ { targets[++n] = $1 } /^ok/ { for (i = 1; i <= n; i++) print $2, targets[i]; n = 0 }' |
      while read -r package target; do
        echo "$package $target"
        go test -run '^$' -fuzz "^$target\$" -fuzztime {{ time }} "$package" </dev/null
      done

# measure speed and write the tables and plots of docs/speed.md; or only some: just bench memory
bench *what:
    #!/usr/bin/env bash
    set -euo pipefail
    what="{{ what }}"
    tables="$(mktemp)"
    trap 'rm -f "$tables"' EXIT
    for one in ${what:-operations unknown connections hedging memory}; do
      CI=true go test "./integration/bench/$one" -count=1 -timeout 30m -full -out "$tables" >&2
    done
    go test ./integration/bench -run '^TestSpeed$' -count=1 -tables "$tables" >&2
    cat "$tables"
    just compare >&2

# compare speed with the last release; fails at a tenth more time or one more allocation
compare:
    #!/usr/bin/env bash
    set -euo pipefail
    now="$(mktemp)"
    trap 'rm -f "$now"' EXIT
    failed=
    CI=true go test ./integration/bench/operations -run '^TestKept' -count=1 -ratios -figures "$now" || failed=yes
    go run {{ benchstat }} released=integration/bench/testdata/figures.txt now="$now" || echo "benchstat did not run"
    [ -z "$failed" ]

# write the figures for later comparisons, as part of a release, on an otherwise idle machine
release-figures:
    UPDATE_GOLDEN=1 CI=true go test ./integration/bench/operations -run '^TestKept$' -count=1 -ratios

# every benchmark function, and the middleware compared with scs
benchmarks:
    go test -run '^$' -bench . -benchmem ./...
    cd integration/compare && go test -run '^$' -bench .

# nested modules: other routers, a real browser, the templates, the API example, the crash tests
beside:
    cd integration/compare && go vet ./... && go mod tidy -diff && go test -race ./...
    cd integration/api && go vet ./... && go mod tidy -diff && CI=true go test -count=1 ./...
    cd integration/deploy && go vet ./... && go mod tidy -diff && CI=true go test -count=1 ./...
    cd integration/proof && go vet ./... && go mod tidy -diff && CI=true go test -count=1 ./...
    cd integration/browser && go vet ./... && go mod tidy -diff && CI=true go test -count=1 ./...

# the tests on a real engine, one line each; fails without one
integration:
    CI=true go test -count=1 -v ./integration/...

# packages with concurrent code
racing := "./clock ./dynamo/... ./sessions/... ./codec/zstd ./examples/lambda ./examples/login ./integration/bound ./integration/faults ./integration/lifecycle ./integration/torture"

# tests that take minutes under the race detector: of a single goroutine, or (TestSaboteurs) of the torture's judge
alone := "^(TestLife|TestAlike_.*|TestMonitor_.*|TestRevokeAll_OfTenThousand|TestSubjectLimit_IntroducedBesideNineHundredDeadEntries|TestSaboteurs)$"

# Go's newest release; go.mod names the oldest that will do
newest := "go1.27.1"

# test the JSON codec with Go's newest release, whose encoding/json is another implementation
newest:
    #!/usr/bin/env bash
    set -euo pipefail
    if GOTOOLCHAIN={{ newest }} go version; then
      GOTOOLCHAIN={{ newest }} go test -vet=off -run 'JSON|Of_|Compress' ./codec ./codec/internal/shape
    else
      echo "{{ newest }} can't be fetched: testing with this release's experimental encoding/json/v2 instead"
      GOEXPERIMENT=jsonv2 go test -vet=off -run 'KeepsOrRefuses|Kinds' ./codec
    fi

# what CI runs: lint, all tests with engine and browser, the race detector on concurrent packages
check: lint
    CI=true just test
    just newest
    CI=true go test -race -skip '{{ alone }}' {{ racing }}
    just beside

# run a DynamoDB engine in the foreground, to try things on
[no-exit-message]
engine port="8000":
    go run ./integration/engine/cmd/engine -port {{ port }}

# requests on a few sessions over a failing network, with their history checked: just torture 10m
torture duration="1m":
    go test ./integration/torture -run '^TestTorture$' -count=1 -v -timeout 0 -duration {{ duration }}

# every two operations in every order of their store calls, with every fault; takes an hour
explore *args:
    go test ./integration/explore -count=1 -timeout 0 -full -schedules 1000 {{ args }}

# kill processes and the engine during torture, and check the history: just crash 10m
crash duration="10m":
    cd integration/proof && go test . -run '^TestCrash_Of' -count=1 -v -timeout 0 -crashing {{ duration }}

# measure what each operation costs, and write docs/cost.md and its plots
cost:
    UPDATE_GOLDEN=1 go test ./integration/cost -count=1 -run '^TestCost$'

# run the model of a month of 100 million users; write the tables and plot of docs/scale.md
scale:
    UPDATE_GOLDEN=1 go test ./integration/scale -count=1 -run '^TestDoc$'
