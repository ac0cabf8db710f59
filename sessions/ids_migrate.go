package sessions

import "fmt"

// MigrateIDs returns a scheme that issues IDs of to and still accepts IDs of from, to move a
// service from one to the other without signing anyone out. A session with an ID of from is loaded
// under from's key, and [Manager.NeedsRenewal] reports that it should be renewed, which package web
// does when a browser loads a page. A client that sends its ID in a header keeps it until its next
// login. When the absolute timeout has passed, use to alone.
//
// While the deploy rolls, a host that still has from alone takes a user with a new ID for a
// visitor. So let every host accept the new IDs first, by [AcceptIDs](from, to).
//
// The IDs of the two must be distinguishable, say by their length; otherwise [New] returns an
// error. MigrateIDs and AcceptIDs can be nested, at most 8 deep.
func MigrateIDs(to, from IDScheme) IDScheme { return migrateIDs{to: to, from: from} }

// AcceptIDs returns a scheme that issues IDs of issued and accepts IDs of accepted as well, for as
// long as their sessions last. It is the deploy before MigrateIDs(accepted, issued), and the one to
// go back to. The bounds of [MigrateIDs] apply.
func AcceptIDs(issued, accepted IDScheme) IDScheme {
	return migrateIDs{to: issued, from: accepted, stay: true}
}

type migrateIDs struct {
	to, from IDScheme
	stay     bool // sessions with an ID of from keep it
}

// names returns what the function that made m and its parameters are called.
func (m migrateIDs) names() (function, to, from string) {
	if m.stay {
		return "AcceptIDs", "issued", "accepted"
	}
	return "MigrateIDs", "to", "from"
}

func (m migrateIDs) New() ID { return m.to.New() }

// Parse records in the ID which of the two schemes has recognised it.
func (m migrateIDs) Parse(s string) (ID, error) {
	id, err := m.to.Parse(s)
	if err == nil {
		id.former <<= 1
		return id, nil
	}
	if id, err := m.from.Parse(s); err == nil {
		id.former = id.former<<1 | 1
		return id, nil
	}
	return ID{}, err
}

func (m migrateIDs) Key(id ID) string {
	scheme := m.to
	if id.former&1 != 0 {
		scheme = m.from
	}
	id.former >>= 1
	return scheme.Key(id)
}

// deepestMigration is how many bits the path in an ID has.
const deepestMigration = 8

// depthOf returns how deep schemes of MigrateIDs and AcceptIDs are nested.
func depthOf(ids IDScheme) int {
	m, ok := ids.(migrateIDs)
	if !ok {
		return 0
	}
	return 1 + max(depthOf(m.to), depthOf(m.from))
}

// Validate returns an error if it is nested too deep, if one of the two is invalid, or if their IDs
// are not distinguishable.
func (m migrateIDs) Validate() error {
	function, to, from := m.names()
	if depth := depthOf(m); depth > deepestMigration {
		return fmt.Errorf("%s is nested %d deep: must be at most %d", function, depth, deepestMigration)
	}
	for name, scheme := range map[string]IDScheme{to: m.to, from: m.from} {
		if scheme == nil {
			return fmt.Errorf("%s: %s is nil", function, name)
		}
		if err := validateIDs(scheme); err != nil {
			return fmt.Errorf("%s: %s: %w", function, name, err)
		}
	}
	old, fresh := m.from.New(), m.to.New()
	_, takesOld := m.to.Parse(old.Secret())
	_, takesNew := m.from.Parse(fresh.Secret())
	_, takesKey := m.from.Parse(m.to.Key(fresh))
	if takesOld == nil || takesNew == nil || takesKey == nil {
		return fmt.Errorf("%s: the IDs of the two schemes can't be told apart: give the new ones another length", function)
	}
	return nil
}

// NeedsRenewal reports whether the session's ID belongs to a scheme that is being migrated away
// from, so that you should call [Manager.Renew]: see [MigrateIDs].
func (m *Manager[T]) NeedsRenewal(s *Session[T]) bool { return s != nil && isLeft(m.ids, s.id.former) }

// isLeft reports whether the path to the scheme of an ID passes one that is being migrated away
// from.
func isLeft(ids IDScheme, path uint8) bool {
	m, ok := ids.(migrateIDs)
	switch {
	case !ok:
		return false
	case path&1 == 0:
		return isLeft(m.to, path>>1)
	default:
		return !m.stay || isLeft(m.from, path>>1)
	}
}
