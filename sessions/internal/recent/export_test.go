package recent

// Len returns how many records are remembered.
func (s *Store) Len() int { return s.records.Len() }
