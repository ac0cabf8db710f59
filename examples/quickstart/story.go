package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dynasession/dynasession/clock"
	"github.com/dynasession/dynasession/sessions"
)

// Cart is what this application keeps in a session: a struct of its own.
type Cart struct {
	Items  []string `json:"items"`
	Coupon string   `json:"coupon,omitempty"`
}

// tell lives through the sessions of two visitors. Each step is what some request would do.
func tell(ctx context.Context, store sessions.Store, n *narrator) error {
	// A clock that we move ourselves: hours pass in no time.
	now := clock.NewFake(time.Now())

	// Two managers on one store, as two hosts of a service have them.
	here, err := sessions.New(store, &sessions.Config[Cart]{Clock: now})
	if err != nil {
		return err
	}
	elsewhere, err := sessions.New(store, &sessions.Config[Cart]{Clock: now})
	if err != nil {
		return err
	}

	n.step("A visitor puts tea into her cart: her session is created and stored.")
	s, err := here.CreateAndSave(ctx, Cart{Items: []string{"tea"}})
	if err != nil {
		return err
	}
	id := s.ID().Secret() // for her cookie, and for nobody else
	n.show("her cookie gets the ID; logs, lists and the table get its hash", short(s.Handle()))
	n.show("idle timeout", s.IdleTimeout)
	n.show("absolute timeout", s.AbsoluteTimeout)

	n.step("Her next request reaches another host, which loads it, typed.")
	s, err = elsewhere.Load(ctx, id)
	if err != nil {
		return err
	}
	n.show("s.Data.Items", s.Data.Items)

	n.step("It adds cups and saves. Saving again writes nothing: nothing has changed.")
	s.Data.Items = append(s.Data.Items, "cups")
	if err := errors.Join(elsewhere.Save(ctx, s), elsewhere.Save(ctx, s)); err != nil {
		return err
	}
	n.show("s.Data.Items", s.Data.Items)

	if err := collide(ctx, here, elsewhere, id, n); err != nil {
		return err
	}

	n.step("She is away for 1 hour 59 minutes. Her session has been idle for less than its 2 hours.")
	now.Advance(2*time.Hour - time.Minute)
	_, err = here.Load(ctx, id)
	n.outcome("Load", err)

	n.step("She is away for 2 hours. Now it has idled out.")
	now.Advance(2 * time.Hour)
	_, err = here.Load(ctx, id)
	n.outcome("Load", err)

	if err := wearOut(ctx, here, now, n); err != nil {
		return err
	}
	return logOut(ctx, here, elsewhere, n)
}

// collide lets two requests change one session at once.
func collide(ctx context.Context, here, elsewhere *sessions.Manager[Cart], id string, n *narrator) error {
	n.step("Two of her requests change it at the same time. The slower one does not overwrite the faster.")
	a, err := here.Load(ctx, id)
	if err != nil {
		return err
	}
	b, err := elsewhere.Load(ctx, id)
	if err != nil {
		return err
	}
	a.Data.Items = append(a.Data.Items, "milk")
	b.Data.Items = append(b.Data.Items, "sugar")
	n.outcome("the faster saves milk", here.Save(ctx, a))
	n.outcome("the slower saves sugar", elsewhere.Save(ctx, b))

	n.step("Update does it right by itself: it loads, changes and saves, and begins again after a conflict.")
	s, err := elsewhere.Update(ctx, id, func(c *Cart) error {
		c.Items = append(c.Items, "sugar")
		return nil
	})
	if err != nil {
		return err
	}
	n.show("s.Data.Items", s.Data.Items)
	return nil
}

// wearOut keeps a session busy until its absolute deadline.
func wearOut(ctx context.Context, m *sessions.Manager[Cart], now *clock.Fake, n *narrator) error {
	n.step("Another visitor clicks every hour. However busy, a session ends 12 hours after it began.")
	s, err := m.CreateAndSave(ctx, Cart{})
	if err != nil {
		return err
	}
	for hour := 1; hour <= 12; hour++ {
		now.Advance(time.Hour)
		if _, err = m.Load(ctx, s.ID().Secret()); hour == 11 || hour == 12 {
			n.outcome(fmt.Sprintf("Load after %d hours", hour), err)
		}
	}
	return nil
}

// logOut destroys a session while another request still has it in hand.
func logOut(ctx context.Context, here, elsewhere *sessions.Manager[Cart], n *narrator) error {
	n.step("A visitor logs out while a slow request of his is still under way. It can't bring the session back.")
	s, err := here.CreateAndSave(ctx, Cart{})
	if err != nil {
		return err
	}
	slow, err := elsewhere.Load(ctx, s.ID().Secret())
	if err != nil {
		return err
	}
	n.outcome("Destroy", here.Destroy(ctx, s))
	slow.Data.Items = append(slow.Data.Items, "biscuits")
	n.outcome("the slow request saves", elsewhere.Save(ctx, slow))
	_, err = here.Load(ctx, s.ID().Secret())
	n.outcome("Load", err)
	return nil
}
