package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestSelfSigned(t *testing.T) {
	is := is.New(t)
	now := time.Now()
	certificate, hash, err := selfSigned(now)
	is.NoErr(err)
	roots := x509.NewCertPool()
	roots.AddCert(certificate.Leaf)
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		is.NoErr(certificate.Leaf.VerifyHostname(name))
	}
	_, err = certificate.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "localhost", CurrentTime: now.Add(23 * time.Hour)})
	is.NoErr(err)
	sum := sha256.Sum256(certificate.Leaf.RawSubjectPublicKeyInfo)
	is.Equal(hash, base64.StdEncoding.EncodeToString(sum[:]))
	_, again, err := selfSigned(now)
	is.NoErr(err)
	is.True(again != hash) // each run has its own key
}

func TestRun_OverTLS(t *testing.T) {
	is := is.New(t)
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error)
	go func() { done <- run(ctx, []string{"-tls", "-addr", "localhost:0"}, w) }()
	lines := bufio.NewReader(r)
	url, err := lines.ReadString('\n')
	is.NoErr(err)
	flag, err := lines.ReadString('\n')
	is.NoErr(err)
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	is.True(strings.HasPrefix(url, "https://localhost:"))

	_, want, _ := strings.Cut(strings.TrimSpace(flag), "=")
	var got string
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, // self-signed: its hash is compared below
		VerifyConnection: func(state tls.ConnectionState) error {
			sum := sha256.Sum256(state.PeerCertificates[0].RawSubjectPublicKeyInfo)
			got = base64.StdEncoding.EncodeToString(sum[:])
			return nil
		},
	}}}
	defer client.CloseIdleConnections()
	response, err := client.Get(strings.TrimSpace(url))
	is.NoErr(err)
	is.NoErr(response.Body.Close())
	is.Equal(response.StatusCode, http.StatusOK)
	is.Equal(got, want)
	stop()
	is.NoErr(<-done)
}
