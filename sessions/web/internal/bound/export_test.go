package bound

// ParseJWK parses a JSON Web Key, which clients send only inside a proof.
func ParseJWK(data []byte, alg string) (Key, error) {
	m, err := parseMembers(data)
	if err != nil {
		return Key{}, err
	}
	return parseJWK(m, alg)
}

const MaxSpent = maxSpent

// WithoutKey returns b without the device's registration.
func WithoutKey(b Binding) Binding { return Binding{secret: b.secret} }
