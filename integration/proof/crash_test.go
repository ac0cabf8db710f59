package proof_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/matryer/is"

	"github.com/dynasession/dynasession/dynamo"
	"github.com/dynasession/dynasession/integration/engine"
	"github.com/dynasession/dynasession/integration/proof"
	"github.com/dynasession/dynasession/sessions"
)

var crashing = flag.Duration("crashing", 10*time.Second, "how long TestCrash_OfEngine and TestCrash_OfProcesses run")

// With these environment variables, this binary is a host.
const (
	hostEndpoint = "PROOF_HOST_ENDPOINT"
	hostTable    = "PROOF_HOST_TABLE"
)

func TestMain(m *testing.M) {
	if endpoint := os.Getenv(hostEndpoint); endpoint != "" {
		if err := serve(endpoint, os.Getenv(hostTable)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serve(endpoint, table string) error {
	store, err := dynamo.NewStore(clientOf(endpoint), &dynamo.Config{Table: table})
	if err != nil {
		return err
	}
	mortal := proof.NewMortal(store)
	m, err := sessions.New[proof.Ledger](mortal, nil)
	if err != nil {
		return err
	}
	return proof.Serve(context.Background(), os.Stdin, os.Stdout, mortal, proof.Local{Manager: m})
}

func clientOf(endpoint string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(endpoint), HTTPClient: &http.Client{},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// remote returns a host that runs as a separate process.
func remote(t *testing.T, endpoint, table string, die func(proof.Request) int) *proof.Remote {
	t.Helper()
	r := &proof.Remote{Die: die, Command: func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), hostEndpoint+"="+endpoint, hostTable+"="+table)
		return cmd
	}}
	t.Cleanup(r.Kill)
	return r
}

// A process is killed before any one call of an operation. Another process can go on with the
// session: the operation has happened or it has not, and it can be repeated.
func TestCrash_BetweenAnyTwoCalls(t *testing.T) {
	endpoint, table := engine.Endpoint(t), engine.NewTable(t)
	kinds := []proof.Kind{proof.Create, proof.Save, proof.Update, proof.Renew, proof.Authenticate, proof.Destroy, proof.Revoke}
	for _, signedIn := range []bool{false, true} {
		for _, kind := range kinds {
			if signedIn && kind == proof.Create {
				continue
			}
			t.Run(fmt.Sprintf("%s, signed in: %t", kind, signedIn), func(t *testing.T) {
				deaths := 0
				for calls := 1; ; calls++ {
					if calls > 20 {
						t.Fatal("the operation does not end")
					}
					if !dies(t, endpoint, table, kind, signedIn, calls) {
						break // the operation has fewer calls
					}
					deaths++
				}
				t.Logf("killed before each of %d calls", deaths)
				if deaths == 0 {
					t.Error("no process was killed")
				}
			})
		}
	}
}

// dies lets a process die before the given call of an operation, and another process continue. It
// reports whether the process died.
func dies(t *testing.T, endpoint, table string, kind proof.Kind, signedIn bool, calls int) bool {
	t.Helper()
	is := is.New(t)
	var armed atomic.Bool
	mortal := remote(t, endpoint, table, func(proof.Request) int {
		if armed.CompareAndSwap(true, false) {
			return calls
		}
		return 0
	})
	after := host(t, engine.Store(t, table), false)
	w := &proof.World{Hosts: []proof.Host{mortal, after}, Ticks: new(atomic.Int64), Subjects: 1}
	step := w.Script(t.Context(), fmt.Sprint(kind, signedIn, calls)) // with its own subject
	if kind != proof.Create {
		is.Equal(step(after, proof.Create, ""), proof.Done)
	}
	if signedIn {
		is.Equal(step(after, proof.Authenticate, "signed-in"), proof.Done)
	}
	armed.Store(true)
	died := step(mortal, kind, "mark") == proof.Unknown
	// Another process loads the session and repeats the operation. Finally the client signs out
	// with the last ID that it was told.
	step(after, proof.Load, "")
	step(after, proof.List, "")
	if kind != proof.Create {
		step(after, kind, "mark-again")
		step(after, proof.Load, "")
		step(after, proof.Revoke, "")
		step(after, proof.List, "")
		is.Equal(step(after, proof.Destroy, ""), proof.Done)
		step(after, proof.Load, "")
		step(after, proof.List, "")
	}
	accept(t, w.History())
	return died
}

// Processes are repeatedly killed between any two of their calls while clients work.
func TestCrash_OfProcesses(t *testing.T) {
	s := drawn(t)
	endpoint, table := engine.Endpoint(t), engine.NewTable(t)
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(s, 3))
	die := func(proof.Request) int {
		mu.Lock()
		defer mu.Unlock()
		if random.IntN(100) > 0 {
			return 0
		}
		return 1 + random.IntN(12)
	}
	w := &proof.World{Ticks: new(atomic.Int64), Slots: 4, Subjects: 3}
	var remotes []*proof.Remote
	for range 2 {
		r := remote(t, endpoint, table, die)
		remotes, w.Hosts = append(remotes, r), append(w.Hosts, r)
	}
	stop := time.NewTimer(*crashing)
	done := make(chan struct{})
	go func() { <-stop.C; close(done) }()
	w.Work(t.Context(), 8, s, done)
	w.Farewell(t.Context(), host(t, engine.Store(t, table), false))
	t.Log(w.Figures())
	deaths := 0
	for _, r := range remotes {
		deaths += r.Died()
	}
	t.Logf("%d processes killed", deaths)
	if deaths < 2 {
		t.Error("too few processes were killed")
	}
	accept(t, w.History())
}

// The engine, whose data is on disk, is repeatedly killed and restarted while clients work.
// Everything that it had acknowledged is still there.
func TestCrash_OfEngine(t *testing.T) {
	s := drawn(t)
	disk, err := proof.NewDisk(t.Context(), t.TempDir())
	if required, _ := strconv.ParseBool(os.Getenv("CI")); errors.Is(err, engine.ErrNone) && !required {
		t.Skipf("SKIPPED, needs a DynamoDB engine: %v", err)
	}
	is := is.New(t)
	is.NoErr(err)
	t.Cleanup(disk.Kill)
	const table = "crashing"
	is.NoErr(dynamo.CreateTable(t.Context(), clientOf(disk.URL), table))
	w := &proof.World{Ticks: new(atomic.Int64), Slots: 4, Subjects: 3, Patience: 100 * time.Millisecond}
	for i := range 4 {
		store, err := dynamo.NewStore(clientOf(disk.URL), &dynamo.Config{Table: table})
		is.NoErr(err)
		w.Hosts = append(w.Hosts, host(t, store, i%2 == 1))
	}
	stop := make(chan struct{})
	var working sync.WaitGroup
	working.Go(func() { w.Work(t.Context(), 8, s, stop) })
	random := rand.New(rand.NewPCG(s, 5))
	restarts := 0
	for until := time.Now().Add(*crashing); restarts < 2 || time.Now().Before(until); restarts++ {
		served(w.Ticks, int64(60+random.IntN(300)))
		disk.Kill()
		if err := disk.Start(t.Context()); err != nil {
			close(stop)
			t.Fatal(err)
		}
	}
	close(stop)
	working.Wait()
	store, err := dynamo.NewStore(clientOf(disk.URL), &dynamo.Config{Table: table})
	is.NoErr(err)
	w.Farewell(t.Context(), host(t, store, false))
	t.Log(w.Figures())
	t.Logf("%d restarts", restarts)
	accept(t, w.History())
}

// served waits until the number of requests and responses has grown by more. It gives up after 20
// s, when the engine may be too slow.
func served(ticks *atomic.Int64, more int64) {
	enough := ticks.Load() + more
	tick, end := time.NewTicker(10*time.Millisecond), time.NewTimer(20*time.Second)
	defer tick.Stop()
	defer end.Stop()
	for ticks.Load() < enough {
		select {
		case <-tick.C:
		case <-end.C:
			return
		}
	}
}
