package bound

// Response is a browser's proof that it has a session's key: the header Secure-Session-Response of
// a registration or refresh, parsed and not verified. [Binding.Register] and [Binding.Refresh]
// verify.
type Response struct {
	// Challenge is the challenge that the browser has signed.
	Challenge string

	token token
}

// ParseResponse parses the values of the header Secure-Session-Response, of which there must be
// exactly one, bare or in quotes. Claims of later drafts (aud, iat, sub) are neither required nor
// read: the challenge names the session, the purpose and the time.
func ParseResponse(values []string) (Response, error) {
	text, err := one(values)
	if err != nil {
		return Response{}, err
	}
	t, err := parseToken(text, "dbsc+jwt")
	if err != nil {
		return Response{}, err
	}
	challenge, err := t.payload.text("jti")
	if err != nil {
		return Response{}, err
	}
	if alg, err := t.header.text("alg"); err != nil || alg != ES256 && alg != RS256 {
		return Response{}, ErrAlgorithm
	}
	return Response{challenge, t}, nil
}

// Spent returns the key of r's challenge in a [Spent]: a browser that signs the same challenge
// again, or an attacker who repeats the proof, is refused.
func (r Response) Spent() SpentKey { return spentKey("DBSC challenge", []byte(r.Challenge)) }
