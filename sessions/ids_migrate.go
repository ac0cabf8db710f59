package sessions

import (
	"errors"
	"fmt"
)

// MigrateIDs returns a scheme that issues IDs of to and still accepts IDs of from, to move a
// service from one to the other without signing anyone out. A session with an ID of from is loaded
// under from's key, and [Manager.NeedsRenewal] reports that it should be renewed, which package web
// does when a browser loads a page. A client that sends its ID in a header keeps it until its next
// login. When the absolute timeout has passed, use to alone.
//
// The IDs of the two must be distinguishable, say by their length; otherwise [New] returns an
// error. MigrateIDs can be nested, at most 8 deep.
func MigrateIDs(to, from IDScheme) IDScheme { return migrateIDs{to, from} }

type migrateIDs struct{ to, from IDScheme }

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

// depthOf returns how deep schemes of MigrateIDs are nested.
func depthOf(ids IDScheme) int {
	m, ok := ids.(migrateIDs)
	if !ok {
		return 0
	}
	return 1 + max(depthOf(m.to), depthOf(m.from))
}

// Validate returns an error if it is nested too deep, if one of the two is invalid, or if their IDs are not distinguishable.
func (m migrateIDs) Validate() error {
	if depth := depthOf(m); depth > deepestMigration {
		return fmt.Errorf("MigrateIDs is nested %d deep: must be at most %d", depth, deepestMigration)
	}
	for name, scheme := range map[string]IDScheme{"to": m.to, "from": m.from} {
		if scheme == nil {
			return fmt.Errorf("MigrateIDs: %s is nil", name)
		}
		if err := validateIDs(scheme); err != nil {
			return fmt.Errorf("MigrateIDs: %s: %w", name, err)
		}
	}
	old, fresh := m.from.New(), m.to.New()
	_, takesOld := m.to.Parse(old.Secret())
	_, takesNew := m.from.Parse(fresh.Secret())
	_, takesKey := m.from.Parse(m.to.Key(fresh))
	if takesOld == nil || takesNew == nil || takesKey == nil {
		return errors.New("MigrateIDs: the IDs of the two schemes can't be told apart: give the new ones another length")
	}
	return nil
}

// NeedsRenewal reports whether the session's ID belongs to a scheme that is being migrated away
// from, so that you should call [Manager.Renew]: see [MigrateIDs].
func (m *Manager[T]) NeedsRenewal(s *Session[T]) bool { return s != nil && s.id.former != 0 }
