package bound

// ParseJWK parses a JSON Web Key, which clients send inside of a proof only.
func ParseJWK(data []byte, alg string) (Key, error) {
	m, err := parseMembers(data)
	if err != nil {
		return Key{}, err
	}
	return parseJWK(m, alg)
}

// MaxSpent is how many proofs a Spent remembers at least.
const MaxSpent = maxSpent

// WithoutKey returns b as it was before a device registered.
func WithoutKey(b Binding) Binding { return Binding{secret: b.secret} }
