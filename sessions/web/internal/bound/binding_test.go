package bound_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
	"pgregory.net/rapid"

	"github.com/dynasession/dynasession/integration/device"
	"github.com/dynasession/dynasession/sessions/web/internal/bound"
)

var (
	epoch = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	life  = 10 * time.Minute
)

func parse(t testing.TB, text string) bound.Response {
	t.Helper()
	r, err := bound.ParseResponse([]string{text})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// registered returns a binding with the key of s.
func registered(t testing.TB, s device.Signer) bound.Binding {
	t.Helper()
	b := bound.New()
	b, err := b.Register(parse(t, s.Registration(t, b.RegistrationChallenge(epoch))), epoch)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func refused(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestBinding_AWholeLife(t *testing.T) {
	for _, s := range []device.Signer{device.NewES256(t), device.NewRS256(t)} {
		t.Run(s.Alg, func(t *testing.T) {
			is := is.New(t)
			b := bound.New()
			is.True(!b.Browser() && !b.Client())
			challenge := b.RegistrationChallenge(epoch)

			now := epoch.Add(2 * time.Second)
			b, err := b.Register(parse(t, s.Registration(t, challenge)), now)
			is.NoErr(err)
			is.True(b.Browser())
			at, ok := b.Registered()
			is.True(ok)
			is.Equal(at, now)

			b, err = bound.Parse(b.Bytes()) // as another host reads it
			is.NoErr(err)
			is.NoErr(b.Refresh(parse(t, s.Refresh(t, b.Challenge(now))), life, now.Add(life)))
			is.NoErr(b.CheckCookie(b.Cookie(now), life, now.Add(life)))
		})
	}
}

func TestRegister_Refuses(t *testing.T) {
	s, other, rsa := device.NewES256(t), device.NewES256(t), device.NewRS256(t)
	b := bound.New()
	challenge := b.RegistrationChallenge(epoch)
	header := func(changes device.Object) device.Object {
		h := device.Object{"typ": "dbsc+jwt", "alg": "ES256", "jwk": s.JWK}
		for k, v := range changes {
			h[k] = v
		}
		return h
	}
	jwk := func(changes device.Object) device.Object {
		j := device.Object{}
		for k, v := range s.JWK {
			j[k] = v
		}
		for k, v := range changes {
			if j[k] = v; v == nil {
				delete(j, k)
			}
		}
		return header(device.Object{"jwk": j})
	}
	payload := device.Object{"jti": challenge}
	for name, c := range map[string]struct {
		text string
		now  time.Time
		want error
	}{
		"the key of another signs":            {s.Token(t, header(device.Object{"jwk": other.JWK}), payload), epoch, bound.ErrSignature},
		"ES256 with an RSA key":               {s.Token(t, header(device.Object{"jwk": rsa.JWK}), payload), epoch, bound.ErrKey},
		"RS256 with a P-256 key":              {s.Token(t, header(device.Object{"alg": "RS256"}), payload), epoch, bound.ErrKey},
		"RS256 with an RSA key, signed by EC": {s.Token(t, header(device.Object{"alg": "RS256", "jwk": rsa.JWK}), payload), epoch, bound.ErrSignature},
		"no key":                              {s.Refresh(t, challenge), epoch, bound.ErrKey},
		"key null":                            {s.Token(t, header(device.Object{"jwk": nil}), payload), epoch, bound.ErrKey},
		"a private key":                       {s.Token(t, jwk(device.Object{"d": "AAAA"}), payload), epoch, bound.ErrKey},
		"a symmetric key":                     {s.Token(t, header(device.Object{"jwk": device.Object{"kty": "oct", "k": "AAAA"}}), payload), epoch, bound.ErrKey},
		"a key for another algorithm":         {s.Token(t, jwk(device.Object{"alg": "ES384"}), payload), epoch, bound.ErrAlgorithm},
		"on another curve":                    {s.Token(t, jwk(device.Object{"crv": "P-384"}), payload), epoch, bound.ErrKey},
		"not on the curve":                    {s.Token(t, jwk(device.Object{"y": s.JWK["x"]}), payload), epoch, bound.ErrKey},
		"the point at infinity":               {s.Token(t, jwk(device.Object{"x": device.Encode(make([]byte, 32)), "y": device.Encode(make([]byte, 32))}), payload), epoch, bound.ErrKey},
		"a coordinate of 33 bytes":            {s.Token(t, jwk(device.Object{"x": device.Encode(make([]byte, 33))}), payload), epoch, bound.ErrKey},
		"no coordinate":                       {s.Token(t, jwk(device.Object{"x": nil}), payload), epoch, bound.ErrKey},
		"RSA of 1024 bits":                    {s.Token(t, header(device.Object{"alg": "RS256", "jwk": device.Object{"kty": "RSA", "n": device.Encode(odd(128)), "e": "AQAB"}}), payload), epoch, bound.ErrKey},
		"RSA of 4104 bits":                    {s.Token(t, header(device.Object{"alg": "RS256", "jwk": device.Object{"kty": "RSA", "n": device.Encode(odd(513)), "e": "AQAB"}}), payload), epoch, bound.ErrKey},
		"RSA with exponent 1":                 {s.Token(t, header(device.Object{"alg": "RS256", "jwk": device.Object{"kty": "RSA", "n": device.Encode(odd(256)), "e": "AQ"}}), payload), epoch, bound.ErrKey},
		"RSA with exponent 3":                 {s.Token(t, header(device.Object{"alg": "RS256", "jwk": device.Object{"kty": "RSA", "n": device.Encode(odd(256)), "e": "Aw"}}), payload), epoch, bound.ErrKey},
		"RSA with an even exponent":           {s.Token(t, header(device.Object{"alg": "RS256", "jwk": device.Object{"kty": "RSA", "n": device.Encode(odd(256)), "e": "AQAA"}}), payload), epoch, bound.ErrKey},
		"RSA with an exponent of 40 bits":     {s.Token(t, header(device.Object{"alg": "RS256", "jwk": device.Object{"kty": "RSA", "n": device.Encode(odd(256)), "e": "AQABAAE"}}), payload), epoch, bound.ErrKey},
		"RSA with a leading zero":             {s.Token(t, header(device.Object{"alg": "RS256", "jwk": device.Object{"kty": "RSA", "n": device.Encode(append([]byte{0}, odd(256)...)), "e": "AQAB"}}), payload), epoch, bound.ErrKey},
		"a refresh challenge":                 {s.Registration(t, b.Challenge(epoch)), epoch, bound.ErrChallenge},
		"a bound cookie as challenge":         {s.Registration(t, b.Cookie(epoch)), epoch, bound.ErrChallenge},
		"another session's challenge":         {s.Registration(t, bound.New().RegistrationChallenge(epoch)), epoch, bound.ErrChallenge},
		"a challenge of the client's own":     {s.Registration(t, "hello"), epoch, bound.ErrChallenge},
		"a challenge changed":                 {s.Registration(t, flip(challenge)), epoch, bound.ErrChallenge},
		"an old challenge":                    {s.Registration(t, challenge), epoch.Add(6*time.Minute + time.Second), bound.ErrExpired},
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			r, err := bound.ParseResponse([]string{c.text})
			is.NoErr(err)
			got, err := b.Register(r, c.now)
			refused(t, err, c.want)
			is.Equal(got, bound.Binding{})
			is.True(!strings.Contains(err.Error(), challenge))
		})
	}
}

// odd returns a random odd number of n bytes.
func odd(n int) []byte {
	b := make([]byte, n)
	b[0], b[n-1] = 0x80, 1
	return b
}

// flip changes one bit of a stamp's time.
func flip(stamp string) string {
	b, _ := base64.RawURLEncoding.DecodeString(stamp)
	b[7] ^= 1
	return device.Encode(b)
}

func TestRegister_OnceOnly(t *testing.T) {
	is := is.New(t)
	s := device.NewES256(t)
	b := bound.New()
	response := parse(t, s.Registration(t, b.RegistrationChallenge(epoch)))
	b, err := b.Register(response, epoch)
	is.NoErr(err)
	_, err = b.Register(response, epoch) // replayed
	refused(t, err, bound.ErrRegistered)
	// A thief's.
	_, err = b.Register(parse(t, device.NewES256(t).Registration(t, b.RegistrationChallenge(epoch))), epoch)
	refused(t, err, bound.ErrRegistered)
}

func TestRefresh_Refuses(t *testing.T) {
	for _, s := range []device.Signer{device.NewES256(t), device.NewRS256(t)} {
		b, other := registered(t, s), device.NewES256(t)
		rsa := device.NewRS256(t)
		challenge := b.Challenge(epoch)
		for name, c := range map[string]struct {
			text string
			now  time.Time
			want error
		}{
			"a foreign key":             {device.Signer{Alg: s.Alg, JWK: nil, Sign: other.Sign}.Refresh(t, challenge), epoch, bound.ErrSignature},
			"a foreign key in the head": {device.Signer{Alg: s.Alg, JWK: other.JWK, Sign: other.Sign}.Registration(t, challenge), epoch, bound.ErrSignature},
			"another algorithm":         {device.Signer{Alg: map[string]string{"ES256": "RS256", "RS256": "ES256"}[s.Alg], JWK: nil, Sign: s.Sign}.Refresh(t, challenge), epoch, bound.ErrAlgorithm},
			"another algorithm's key":   {rsa.Registration(t, challenge), epoch, map[string]error{"ES256": bound.ErrAlgorithm, "RS256": nil}[s.Alg]},
			"a registration challenge":  {s.Refresh(t, b.RegistrationChallenge(epoch)), epoch, bound.ErrChallenge},
			"another session's":         {s.Refresh(t, registered(t, s).Challenge(epoch)), epoch, bound.ErrChallenge},
			"a bound cookie":            {s.Refresh(t, b.Cookie(epoch)), epoch, bound.ErrChallenge},
			"an old challenge":          {s.Refresh(t, challenge), epoch.Add(life + bound.Slack + time.Second), bound.ErrExpired},
			"a challenge of next week":  {s.Refresh(t, b.Challenge(epoch.AddDate(0, 0, 7))), epoch, bound.ErrExpired},
		} {
			t.Run(s.Alg+" "+name, func(t *testing.T) {
				refused(t, b.Refresh(parse(t, c.text), life, c.now), c.want)
			})
		}
		refused(t, bound.New().Refresh(parse(t, s.Refresh(t, challenge)), life, epoch), bound.ErrUnregistered)
	}
}

// A public key used as the secret of HS256, or no signature at all, is refused by the parser.
func TestParseResponse_Refuses(t *testing.T) {
	s := device.NewES256(t)
	good := s.Registration(t, "challenge")
	dot := strings.LastIndexByte(good, '.')
	signed := good[:dot]
	header := func(text string) string { return device.Encode([]byte(text)) + good[strings.IndexByte(good, '.'):] }
	payload := func(text string) string {
		parts := strings.Split(good, ".")
		return parts[0] + "." + device.Encode([]byte(text)) + "." + parts[2]
	}
	for name, c := range map[string]struct {
		values []string
		want   error
	}{
		"no header":            {nil, bound.ErrMalformed},
		"two headers":          {[]string{good, good}, bound.ErrMalformed},
		"empty":                {[]string{""}, bound.ErrMalformed},
		"quotes around none":   {[]string{`""`}, bound.ErrMalformed},
		"one quote":            {[]string{`"` + good}, bound.ErrMalformed},
		"a list":               {[]string{good + ", " + good}, bound.ErrMalformed},
		"1 MB":                 {[]string{strings.Repeat("a", 1<<20)}, bound.ErrTooLong},
		"a byte too long":      {[]string{good + strings.Repeat("A", bound.MaxToken-len(good)+1)}, bound.ErrTooLong},
		"two parts":            {[]string{signed}, bound.ErrMalformed},
		"four parts":           {[]string{good + ".AA"}, bound.ErrMalformed},
		"five parts (JWE)":     {[]string{good + ".AA.AA"}, bound.ErrMalformed},
		"padding":              {[]string{good + "=="}, bound.ErrMalformed},
		"not base64":           {[]string{"!" + good}, bound.ErrMalformed},
		"a line end":           {[]string{good[:dot+3] + "\n" + good[dot+3:]}, bound.ErrMalformed},
		"alg none":             {[]string{header(`{"typ":"dbsc+jwt","alg":"none"}`)}, bound.ErrAlgorithm},
		"alg None":             {[]string{header(`{"typ":"dbsc+jwt","alg":"None"}`)}, bound.ErrAlgorithm},
		"alg none, unsigned":   {[]string{header(`{"typ":"dbsc+jwt","alg":"none"}`)[:20] + "..", "x"}[:1], bound.ErrMalformed},
		"HS256":                {[]string{hs256(t, s)}, bound.ErrAlgorithm},
		"ES384":                {[]string{header(`{"typ":"dbsc+jwt","alg":"ES384"}`)}, bound.ErrAlgorithm},
		"PS256":                {[]string{header(`{"typ":"dbsc+jwt","alg":"PS256"}`)}, bound.ErrAlgorithm},
		"no alg":               {[]string{header(`{"typ":"dbsc+jwt"}`)}, bound.ErrAlgorithm},
		"alg a number":         {[]string{header(`{"typ":"dbsc+jwt","alg":256}`)}, bound.ErrAlgorithm},
		"ALG beside alg":       {[]string{header(`{"typ":"dbsc+jwt","ALG":"ES256"}`)}, bound.ErrAlgorithm},
		"two algs":             {[]string{header(`{"typ":"dbsc+jwt","alg":"none","alg":"ES256"}`)}, bound.ErrMalformed},
		"no typ":               {[]string{header(`{"alg":"ES256"}`)}, bound.ErrMalformed},
		"typ JWT":              {[]string{header(`{"typ":"JWT","alg":"ES256"}`)}, bound.ErrMalformed},
		"a DPoP proof":         {[]string{header(`{"typ":"dpop+jwt","alg":"ES256"}`)}, bound.ErrMalformed},
		"crit":                 {[]string{header(`{"typ":"dbsc+jwt","alg":"ES256","crit":["b64"],"b64":false}`)}, bound.ErrMalformed},
		"header an array":      {[]string{header(`[]`)}, bound.ErrMalformed},
		"header null":          {[]string{header(`null`)}, bound.ErrMalformed},
		"header no JSON":       {[]string{header(`{"typ":`)}, bound.ErrMalformed},
		"header twice":         {[]string{header(`{"typ":"dbsc+jwt","alg":"ES256"}{}`)}, bound.ErrMalformed},
		"payload empty":        {[]string{payload(``)}, bound.ErrMalformed},
		"no jti":               {[]string{payload(`{}`)}, bound.ErrMalformed},
		"jti null":             {[]string{payload(`{"jti":null}`)}, bound.ErrMalformed},
		"jti a list":           {[]string{payload(`{"jti":["challenge"]}`)}, bound.ErrMalformed},
		"two jtis":             {[]string{payload(`{"jti":"a","jti":"b"}`)}, bound.ErrMalformed},
		"payload deeply nests": {[]string{payload(`{"a":` + strings.Repeat("[", 2500) + strings.Repeat("]", 2499) + `}`)}, bound.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bound.ParseResponse(c.values)
			refused(t, err, c.want)
		})
	}
}

// hs256 returns a proof whose HMAC has the public key as its secret.
func hs256(t *testing.T, s device.Signer) string {
	t.Helper()
	public, err := json.Marshal(s.JWK)
	if err != nil {
		t.Fatal(err)
	}
	return device.Signer{Alg: "HS256", JWK: s.JWK, Sign: func(text string) []byte {
		mac := hmac.New(sha256.New, public)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}}.Registration(t, "challenge")
}

func TestParseResponse_BareOrQuoted(t *testing.T) {
	is := is.New(t)
	text := device.NewES256(t).Registration(t, "challenge")
	for _, value := range []string{text, `"` + text + `"`, " " + text + "\t"} {
		r, err := bound.ParseResponse([]string{value})
		is.NoErr(err)
		is.Equal(r.Challenge, "challenge")
	}
}

// The signature is checked last: every other fault is found without checking it.
func TestRegister_ChecksTheSignatureLast(t *testing.T) {
	s := device.NewES256(t)
	b := bound.New()
	unsigned := device.Signer{Alg: s.Alg, JWK: s.JWK, Sign: func(string) []byte { return make([]byte, 64) }}
	_, err := b.Register(parse(t, unsigned.Registration(t, "hello")), epoch)
	refused(t, err, bound.ErrChallenge)
	_, err = b.Register(parse(t, unsigned.Registration(t, b.RegistrationChallenge(epoch))), epoch)
	refused(t, err, bound.ErrSignature)
	short := device.Signer{Alg: s.Alg, JWK: s.JWK, Sign: func(string) []byte { return make([]byte, 63) }}
	_, err = b.Register(parse(t, short.Registration(t, b.RegistrationChallenge(epoch))), epoch)
	refused(t, err, bound.ErrSignature)
}

func TestCookie(t *testing.T) {
	b := registered(t, device.NewES256(t))
	cookie := b.Cookie(epoch)
	for name, c := range map[string]struct {
		value string
		at    time.Duration // after it was made
		want  error
	}{
		"new":                        {cookie, 0, nil},
		"at its end":                 {cookie, life, nil},
		"at another host, 30 s on":   {cookie, life + 30*time.Second, nil},
		"at another host, 30 s back": {cookie, -30 * time.Second, nil},
		"the clock went back":        {cookie, -time.Hour, nil},
		"the clock went back a day":  {cookie, -24 * time.Hour, bound.ErrExpired},
		"past its end":               {cookie, life + bound.Slack + time.Microsecond, bound.ErrExpired},
		"none":                       {"", 0, bound.ErrChallenge},
		"another session's":          {registered(t, device.NewES256(t)).Cookie(epoch), 0, bound.ErrChallenge},
		"a challenge":                {b.Challenge(epoch), 0, bound.ErrChallenge},
		"changed":                    {flip(cookie), 0, bound.ErrChallenge},
		"longer":                     {cookie + "A", 0, bound.ErrChallenge},
		"no base64":                  {strings.Repeat("!", len(cookie)), 0, bound.ErrChallenge},
		"its last bits changed":      {cookie[:len(cookie)-1] + next(cookie[len(cookie)-1]), 0, bound.ErrChallenge},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, b.CheckCookie(c.value, life, epoch.Add(c.at)), c.want)
		})
	}
}

// next returns a character other than c.
func next(c byte) string { return string(rune(map[bool]byte{true: 'B', false: 'A'}[c == 'A'])) }

func TestInGrace(t *testing.T) {
	is := is.New(t)
	b := registered(t, device.NewES256(t))
	is.True(b.InGrace(epoch))
	is.True(b.InGrace(epoch.Add(30 * time.Second)))
	is.True(b.InGrace(epoch.Add(-30 * time.Second)))
	is.True(!b.InGrace(epoch.Add(time.Minute)))
	is.True(!b.InGrace(epoch.Add(-time.Hour)))
	is.True(!bound.New().InGrace(epoch)) // nothing is registered yet
}

func TestIdentifier_IsTheSessionsOwn(t *testing.T) {
	is := is.New(t)
	b := bound.New()
	is.Equal(len(b.Identifier()), 22)
	is.Equal(b.Identifier(), b.Identifier())
	is.True(b.Identifier() != bound.New().Identifier())
}

// A stamp is accepted for its own purpose, within its life, and never otherwise.
func TestStamps_Property(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, "at"))
		life := time.Duration(rapid.Int64Range(int64(time.Minute), int64(24*time.Hour)).Draw(t, "life"))
		age := time.Duration(rapid.Int64Range(-int64(48*time.Hour), int64(48*time.Hour)).Draw(t, "age")).Truncate(time.Microsecond)
		b := bound.New()
		err := b.CheckCookie(b.Cookie(at), life, at.Add(age))
		if want := age <= life+bound.Slack && age >= -max(bound.Ahead, life); (err == nil) != want {
			t.Fatalf("age %v of %v: %v", age, life, err)
		}
		if b.CheckCookie(b.Challenge(at), life, at) == nil || bound.New().CheckCookie(b.Cookie(at), life, at) == nil {
			t.Fatal("accepted for another purpose, or session")
		}
	})
}

func TestFormat_HidesTheSecret(t *testing.T) {
	is := is.New(t)
	b := registered(t, device.NewES256(t))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		is.Equal(fmt.Sprintf(verb, b), "bound by ES256")
		is.Equal(fmt.Sprintf(verb, bound.New()), "not bound")
	}
}
