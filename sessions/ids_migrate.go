package sessions

import (
	"errors"
	"fmt"
)

// MigrateIDs is the scheme to, which still takes the IDs of from: a service moves from one to the other without signing anyone out. New IDs
// are of to; a session with an ID of from is found where from has put it, and [Manager.Outdated] tells that it should be renewed, which
// package web does at the session's first use. When the absolute timeout has passed, to alone will do.
//
// The two must make IDs that can be told apart, of different lengths, say; else [New] returns an error.
func MigrateIDs(to, from IDScheme) IDScheme { return migrateIDs{to, from} }

type migrateIDs struct{ to, from IDScheme }

func (m migrateIDs) New() ID { return m.to.New() }

func (m migrateIDs) Parse(s string) (ID, error) {
	id, err := m.to.Parse(s)
	if err == nil {
		return id, nil
	}
	if id, err := m.from.Parse(s); err == nil {
		return id, nil
	}
	return ID{}, err
}

func (m migrateIDs) Key(id ID) string {
	if m.outdated(id.Secret()) {
		return m.from.Key(id)
	}
	return m.to.Key(id)
}

// outdated reports whether s is an ID of the scheme that is being left.
func (m migrateIDs) outdated(s string) bool {
	_, err := m.from.Parse(s)
	return err == nil
}

// keyHolds reports whether a key of either scheme is an ID itself.
func (m migrateIDs) keyHolds(key string) bool { return holdsID(m.from, key) || holdsID(m.to, key) }

// Validate tells whether both are usable, and can be told apart.
func (m migrateIDs) Validate() error {
	for name, scheme := range map[string]IDScheme{"to": m.to, "from": m.from} {
		if scheme == nil {
			return fmt.Errorf("MigrateIDs: %s is nil", name)
		}
		if v, ok := scheme.(validator); ok {
			if err := v.Validate(); err != nil {
				return fmt.Errorf("MigrateIDs: %s: %w", name, err)
			}
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

// Outdated reports whether the text that a client sent is an ID of a scheme that is being left: see [MigrateIDs]. Its session should be
// renewed.
func (m *Manager[T]) Outdated(id string) bool {
	migrating, ok := m.ids.(migrateIDs)
	return ok && migrating.outdated(id)
}

// holdsID reports whether key, which scheme has made, is the text of an ID: so that whoever reads it could use it.
func holdsID(scheme IDScheme, key string) bool {
	if m, ok := scheme.(migrateIDs); ok {
		return m.keyHolds(key)
	}
	id, err := scheme.Parse(key)
	return err == nil && scheme.Key(id) == key
}
