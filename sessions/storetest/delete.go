package storetest

const deleteRemoves = "delete: removes"

func deleteRules() []rule {
	return []rule{
		{
			name:     deleteRemoves,
			sentence: "Delete removes the record of key.",
			needs:    []string{loadAbsent, createStores, createBeside},
			check: func(l *lab) error {
				rec, err := l.created()
				other, err2 := l.created()
				return first(err, err2, wants("Delete", l.store.Delete(l.ctx, rec.Key), nil),
					l.absent(rec.Key), l.absent(rec.Key), l.stored(other))
			},
		},
		{
			name:     "delete: absent",
			sentence: "That there is none is not an error.",
			check: func(l *lab) error {
				key := l.key()
				return first(wants("Delete of what was never there", l.store.Delete(l.ctx, key), nil),
					wants("Delete, again", l.store.Delete(l.ctx, key), nil))
			},
		},
	}
}
