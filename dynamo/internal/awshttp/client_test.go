package awshttp

import (
	"net"
	"net/http"
	"testing"
	"time"

	awstransport "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/matryer/is"
)

// A connection that has died is found within 30 s, as docs/operations.md says.
func TestTuneDialer(t *testing.T) {
	is := is.New(t)
	var d net.Dialer
	tuneDialer(&d)
	is.Equal(d.Timeout, time.Second)
	k := d.KeepAliveConfig
	is.True(k.Enable)
	is.Equal(k.Idle+time.Duration(k.Count)*k.Interval, 30*time.Second)
}

func TestTuned_LeavesOthersAlone(t *testing.T) {
	is := is.New(t)
	own := &http.Client{}
	is.Equal(Tuned(own, time.Second), own)
	is.True(Tuned(awstransport.NewBuildableClient(), time.Second) != nil)
}

// The client returns a redirect, as the SDK's does: a request that was signed for one host is not
// sent to another.
func TestTuned_FollowsNoRedirect(t *testing.T) {
	is := is.New(t)
	client := Tuned(awstransport.NewBuildableClient(), time.Second).(*http.Client)
	is.Equal(client.CheckRedirect(nil, nil), http.ErrUseLastResponse)
}
