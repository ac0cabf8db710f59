package storetest

import (
	"errors"
	"time"
)

func clockRules() []rule {
	return []rule{
		{
			name: "clock: is there", sentence: clockSafe,
			check: func(l *lab) error {
				return first(race(racers, func(int) error {
					if l.store.Clock() == nil {
						return errors.New("the Clock is nil")
					}
					l.store.Clock().Now()
					return nil
				})...)
			},
		},
		{
			name: "clock: tells the time", sentence: clockTells,
			needs: []string{"clock: is there", createStores},
			check: func(l *lab) error {
				before := l.store.Clock().Now()
				_, err := l.created()
				after := l.store.Clock().Now()
				switch {
				case err != nil:
					return err
				case before.Year() < 2020:
					return errors.New("the Clock tells no time of today")
				case after.Before(before.Add(-time.Minute)):
					return errors.New("the Clock goes back by more than a minute")
				}
				return nil
			},
		},
		{
			name: "name: is the same", sentence: nameSame,
			needs: []string{createStores},
			check: func(l *lab) error {
				before := l.store.Name()
				_, err := l.created()
				if err == nil && l.store.Name() != before {
					err = errors.New("the Name changes")
				}
				return err
			},
		},
	}
}
