package awshttp

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
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

// A proxy that refuses to connect says so by an error with its status and without its credentials.
func TestTuned_AProxyThatRefuses(t *testing.T) {
	is := is.New(t)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL)
	is.NoErr(err)
	address.User = url.UserPassword("user", "secret")
	client := Tuned(awstransport.NewBuildableClient(), time.Second).(*http.Client)
	client.Transport.(*http.Transport).Proxy = http.ProxyURL(address)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://dynamodb.us-east-1.amazonaws.com/", nil)
	is.NoErr(err)
	_, err = client.Do(r)
	var refused *ProxyError
	is.True(errors.As(err, &refused))
	is.Equal(refused.Status, http.StatusProxyAuthRequired)
	is.Equal(refused.Error(), "the HTTP proxy refused to connect: 407 Proxy Authentication Required")
	is.True(!strings.Contains(err.Error(), "secret"))
}

// A proxy that connects is used.
func TestTuned_AProxyThatConnects(t *testing.T) {
	is := is.New(t)
	service := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(service.Close)
	connected := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connected++
		there, err := net.Dial("tcp", service.Listener.Addr().String())
		is.NoErr(err)
		w.WriteHeader(http.StatusOK)
		here, _, err := w.(http.Hijacker).Hijack()
		is.NoErr(err)
		t.Cleanup(func() { here.Close(); there.Close() })
		go func() { _, _ = io.Copy(there, here) }()
		go func() { _, _ = io.Copy(here, there) }()
	}))
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL)
	is.NoErr(err)
	client := Tuned(awstransport.NewBuildableClient(), 10*time.Second).(*http.Client)
	transport := client.Transport.(*http.Transport)
	transport.Proxy, transport.TLSClientConfig = http.ProxyURL(address), service.Client().Transport.(*http.Transport).TLSClientConfig
	t.Cleanup(transport.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://example.com/", nil)
	is.NoErr(err)
	response, err := client.Do(r)
	is.NoErr(err)
	is.NoErr(response.Body.Close())
	is.Equal(response.StatusCode, http.StatusTeapot)
	is.Equal(connected, 1)
}
