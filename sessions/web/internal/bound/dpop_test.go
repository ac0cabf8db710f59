package bound_test

import (
	"errors"
	"testing"
	"time"

	"github.com/matryer/is"

	"github.com/dynasession/dynasession/integration/device"
	"github.com/dynasession/dynasession/sessions/web/internal/bound"
)

// The examples of RFC 9449, sections 4.1 and 7.1.
const (
	rfcLogin = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19" +
		".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ" +
		".2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
	rfcRequest = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19" +
		".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9" +
		".2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
	rfcToken      = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
	rfcThumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" // section 6.1
)

func parseProof(t testing.TB, text string) bound.Proof {
	t.Helper()
	p, err := bound.ParseProof([]string{text})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDPoP_TheRFCsExamples(t *testing.T) {
	is := is.New(t)
	at := time.Unix(1562262616, 0)
	login := bound.Request{Method: "POST", Scheme: "https", Host: "server.example.com", Path: "/token"}
	b, err := bound.New().BindClient(parseProof(t, rfcLogin), login, at)
	is.NoErr(err)
	is.True(b.Client() && !b.Browser())
	stored := b.Bytes()
	is.Equal(device.Encode(stored[len(stored)-32:]), rfcThumbprint)

	// The second example lacks a nonce, and is right otherwise.
	request := bound.Request{Method: "GET", Scheme: "https", Host: "resource.example.org", Path: "/protectedresource", ID: rfcToken}
	err = b.CheckClient(parseProof(t, rfcRequest), request, life, at)
	var nonce *bound.NonceError
	is.True(errors.As(err, &nonce))
	refused(t, err, bound.ErrChallenge)
	// Its signature, ath and the rest are right.
	bindable, err := bound.New().BindClient(parseProof(t, rfcRequest), request, at)
	is.NoErr(err)
	is.True(bindable.Client())
	request.ID += "x"
	refused(t, b.CheckClient(parseProof(t, rfcRequest), request, life, at), bound.ErrRequest)
}

// RFC 7638, section 3.1; the modulus is that of RFC 7517, appendix A.1.
func TestThumbprint_TheRFCsExample(t *testing.T) {
	is := is.New(t)
	key, err := bound.ParseJWK([]byte(`{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}`), "RS256")
	is.NoErr(err)
	thumbprint := key.Thumbprint()
	is.Equal(device.Encode(thumbprint[:]), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
	is.Equal(bound.Key{}.Thumbprint(), [32]byte{})
}

var (
	loginRequest = bound.Request{Method: "POST", Scheme: "https", Host: "api.test", Path: "/login"}
	itsRequest   = bound.Request{Method: "GET", Scheme: "https", Host: "api.test", Path: "/things/1", ID: "session-id"}
)

// claims returns the claims of a proof for r, with changes. The jti is always the same.
func claims(r bound.Request, at time.Time, changes device.Object) device.Object {
	c := device.Claims(r.Method, "https://"+r.Host+r.Path, r.ID, at, device.Object{"jti": "one"})
	for k, v := range changes {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	return c
}

func TestDPoP_AWholeLife(t *testing.T) {
	for _, s := range []device.Signer{device.NewES256(t), device.NewRS256(t)} {
		t.Run(s.Alg, func(t *testing.T) {
			is := is.New(t)
			b, err := bound.New().BindClient(parseProof(t, s.Proof(t, claims(loginRequest, epoch, nil))), loginRequest, epoch)
			is.NoErr(err)
			b, err = bound.Parse(b.Bytes())
			is.NoErr(err)
			nonce := b.Nonce(epoch)
			now := epoch.Add(life)
			p := parseProof(t, s.Proof(t, claims(itsRequest, now, device.Object{"nonce": nonce})))
			is.NoErr(b.CheckClient(p, itsRequest, life, now))
			age, ok := b.NonceAge(p, now)
			is.True(ok)
			is.Equal(age, life)
			refused(t, b.Refresh(parse(t, s.Refresh(t, b.Challenge(now))), life, now), bound.ErrUnregistered)
			_, err = b.Register(parse(t, s.Registration(t, b.RegistrationChallenge(now))), now)
			refused(t, err, bound.ErrRegistered)
			_, err = b.BindClient(p, itsRequest, now)
			refused(t, err, bound.ErrRegistered)
		})
	}
}

func TestCheckClient_Refuses(t *testing.T) {
	s, other := device.NewES256(t), device.NewES256(t)
	b, err := bound.New().BindClient(parseProof(t, s.Proof(t, claims(loginRequest, epoch, nil))), loginRequest, epoch)
	if err != nil {
		t.Fatal(err)
	}
	nonce := b.Nonce(epoch)
	for name, c := range map[string]struct {
		signer  device.Signer
		changes device.Object
		want    error
	}{
		"nothing":              {s, nil, nil},
		"a query and fragment": {s, device.Object{"htu": "https://api.test/things/1?a=b#c"}, nil},
		"the default port":     {s, device.Object{"htu": "HTTPS://API.test:443/things/1"}, nil},
		"needless escapes":     {s, device.Object{"htu": "https://api.test/%74hings/%31"}, nil},
		"59 s ago":             {s, device.Object{"iat": epoch.Unix() - 59}, nil},
		"59 s ahead":           {s, device.Object{"iat": epoch.Unix() + 59}, nil},
		"half a second":        {s, device.Object{"iat": float64(epoch.Unix()) + 0.5}, nil},
		"a foreign key":        {other, nil, bound.ErrKey},
		"a foreign signature":  {device.Signer{Alg: s.Alg, JWK: s.JWK, Sign: other.Sign}, nil, bound.ErrSignature},
		"another method":       {s, device.Object{"htm": "POST"}, bound.ErrRequest},
		"the method in lower":  {s, device.Object{"htm": "get"}, bound.ErrRequest},
		"another path":         {s, device.Object{"htu": "https://api.test/things/2"}, bound.ErrRequest},
		"another case of path": {s, device.Object{"htu": "https://api.test/Things/1"}, bound.ErrRequest},
		"an escaped slash":     {s, device.Object{"htu": "https://api.test/things%2F1"}, bound.ErrRequest},
		"another host":         {s, device.Object{"htu": "https://evil.test/things/1"}, bound.ErrRequest},
		"another port":         {s, device.Object{"htu": "https://api.test:444/things/1"}, bound.ErrRequest},
		"a user":               {s, device.Object{"htu": "https://api.test@evil.test/things/1"}, bound.ErrRequest},
		"a user of the host":   {s, device.Object{"htu": "https://a@api.test/things/1"}, bound.ErrRequest},
		"no TLS":               {s, device.Object{"htu": "http://api.test/things/1"}, bound.ErrRequest},
		"a relative URL":       {s, device.Object{"htu": "/things/1"}, bound.ErrRequest},
		"no URL":               {s, device.Object{"htu": "%"}, bound.ErrRequest},
		"no ath":               {s, device.Object{"ath": nil}, bound.ErrRequest},
		"another ID's ath":     {s, device.Object{"ath": device.Hash("another")}, bound.ErrRequest},
		"61 s ago":             {s, device.Object{"iat": epoch.Unix() - 61}, bound.ErrExpired},
		"61 s ahead":           {s, device.Object{"iat": epoch.Unix() + 61}, bound.ErrExpired},
		"no nonce":             {s, device.Object{"nonce": nil}, bound.ErrChallenge},
		"its own nonce":        {s, device.Object{"nonce": "mine"}, bound.ErrChallenge},
		"another's nonce":      {s, device.Object{"nonce": bound.New().Nonce(epoch)}, bound.ErrChallenge},
		"an old nonce":         {s, device.Object{"nonce": b.Nonce(epoch.Add(-life - bound.Slack - time.Second))}, bound.ErrExpired},
		"a cookie as nonce":    {s, device.Object{"nonce": b.Cookie(epoch)}, bound.ErrChallenge},
	} {
		t.Run(name, func(t *testing.T) {
			changes := device.Object{"nonce": nonce}
			for k, v := range c.changes {
				changes[k] = v
			}
			p := parseProof(t, c.signer.Proof(t, claims(itsRequest, epoch, changes)))
			refused(t, b.CheckClient(p, itsRequest, life, epoch), c.want)
		})
	}
	refused(t, bound.New().CheckClient(parseProof(t, s.Proof(t, claims(itsRequest, epoch, nil))), itsRequest, life, epoch), bound.ErrUnregistered)
}

func TestBindClient_Refuses(t *testing.T) {
	s, other := device.NewES256(t), device.NewES256(t)
	for name, c := range map[string]struct {
		signer  device.Signer
		changes device.Object
		want    error
	}{
		"a foreign signature":  {device.Signer{Alg: s.Alg, JWK: s.JWK, Sign: other.Sign}, nil, bound.ErrSignature},
		"another method":       {s, device.Object{"htm": "GET"}, bound.ErrRequest},
		"another URL":          {s, device.Object{"htu": "https://api.test/"}, bound.ErrRequest},
		"an hour ago":          {s, device.Object{"iat": epoch.Unix() - 3600}, bound.ErrExpired},
		"ath, without any ID":  {s, device.Object{"ath": device.Hash("")}, bound.ErrRequest},
		"ath, of something":    {s, device.Object{"ath": device.Hash("session-id")}, bound.ErrRequest},
		"a nonce, which it is": {s, device.Object{"nonce": "of another server's"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bound.New().BindClient(parseProof(t, c.signer.Proof(t, claims(loginRequest, epoch, c.changes))), loginRequest, epoch)
			refused(t, err, c.want)
		})
	}
}

func TestRequest_EitherSchemeBehindAProxy(t *testing.T) {
	is := is.New(t)
	s := device.NewES256(t)
	r := loginRequest
	r.Scheme = ""
	for _, url := range []string{"https://api.test/login", "http://api.test/login", "http://api.test:80/login"} {
		_, err := bound.New().BindClient(parseProof(t, s.Proof(t, claims(r, epoch, device.Object{"htu": url}))), r, epoch)
		is.NoErr(err)
	}
	_, err := bound.New().BindClient(parseProof(t, s.Proof(t, claims(r, epoch, device.Object{"htu": "ftp://api.test/login"}))), r, epoch)
	refused(t, err, bound.ErrRequest)
	_, err = bound.New().BindClient(parseProof(t, s.Proof(t, claims(r, epoch, device.Object{"htu": "http://api.test:443/login"}))), r, epoch)
	refused(t, err, bound.ErrRequest)
}

func TestParseProof_Refuses(t *testing.T) {
	s := device.NewES256(t)
	good := claims(itsRequest, epoch, device.Object{"nonce": "n"})
	with := func(changes device.Object) string { return s.Proof(t, claims(itsRequest, epoch, changes)) }
	for name, c := range map[string]struct {
		values []string
		want   error
	}{
		"none":             {nil, bound.ErrMalformed},
		"two":              {[]string{s.Proof(t, good), s.Proof(t, good)}, bound.ErrMalformed},
		"1 MB":             {[]string{string(make([]byte, 1<<20))}, bound.ErrTooLong},
		"DBSC's":           {[]string{s.Token(t, device.Object{"typ": "dbsc+jwt", "alg": "ES256", "jwk": s.JWK}, good)}, bound.ErrMalformed},
		"no key":           {[]string{s.Token(t, device.Object{"typ": "dpop+jwt", "alg": "ES256"}, good)}, bound.ErrKey},
		"alg none":         {[]string{s.Token(t, device.Object{"typ": "dpop+jwt", "alg": "none", "jwk": s.JWK}, good)}, bound.ErrAlgorithm},
		"HS256":            {[]string{s.Token(t, device.Object{"typ": "dpop+jwt", "alg": "HS256", "jwk": s.JWK}, good)}, bound.ErrAlgorithm},
		"a private key":    {[]string{s.Token(t, device.Object{"typ": "dpop+jwt", "alg": "ES256", "jwk": device.Object{"kty": "EC", "crv": "P-256", "x": s.JWK["x"], "y": s.JWK["y"], "d": "AA"}}, good)}, bound.ErrKey},
		"no jti":           {[]string{with(device.Object{"jti": nil})}, bound.ErrMalformed},
		"an empty jti":     {[]string{with(device.Object{"jti": ""})}, bound.ErrMalformed},
		"a jti of 257":     {[]string{with(device.Object{"jti": string(make([]byte, 257))})}, bound.ErrMalformed},
		"no htm":           {[]string{with(device.Object{"htm": nil})}, bound.ErrMalformed},
		"no htu":           {[]string{with(device.Object{"htu": nil})}, bound.ErrMalformed},
		"no iat":           {[]string{with(device.Object{"iat": nil})}, bound.ErrMalformed},
		"iat in quotes":    {[]string{with(device.Object{"iat": "1"})}, bound.ErrMalformed},
		"iat of the past":  {[]string{with(device.Object{"iat": -1})}, bound.ErrExpired},
		"iat of no time":   {[]string{with(device.Object{"iat": 1e300})}, bound.ErrExpired},
		"ath null":         {[]string{s.Token(t, device.Object{"typ": "dpop+jwt", "alg": "ES256", "jwk": s.JWK}, device.Object{"jti": "a", "htm": "GET", "htu": "u", "iat": 1, "ath": nil})}, bound.ErrMalformed},
		"an empty ath":     {[]string{with(device.Object{"ath": ""})}, bound.ErrMalformed},
		"an empty nonce":   {[]string{with(device.Object{"nonce": ""})}, bound.ErrMalformed},
		"a nonce of lists": {[]string{with(device.Object{"nonce": []string{"a"}})}, bound.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bound.ParseProof(c.values)
			refused(t, err, c.want)
		})
	}
}
