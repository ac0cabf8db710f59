// Package scale models a month of a service's sessions: of ten to the eighth users, or of a handful, whose bill is then
// compared with that of the same handful on a real engine.
package scale

import (
	"math"
	"math/rand/v2"
	"time"
)

// World is a service and who comes to it.
type World struct {
	Users   int           // how many there are
	Sampled int           // how many of them are followed: each stands for Users/Sampled
	Days    int           // how long
	Seed    uint64        // of all that is random
	Start   time.Time     // midnight
	Visits  float64       // of a user, a month of 30 days, on average
	Zipf    float64       // exponent: the user of rank r comes in proportion to r^-Zipf, and at most MostADay
	Most    float64       // visits a day of the most active
	Pages   float64       // of a visit, on average
	Pause   time.Duration // between two pages, on average
	Change  float64       // share of pages that change the session
	Logout  float64       // share of visits that end with a logout
}

// Ten8 is the service of docs/scale.md, of which one user in ten thousand is followed.
func Ten8() World {
	return World{
		Users: 100_000_000, Sampled: 10_000, Days: 30, Seed: 23, Start: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		Visits: 8, Zipf: 0.8, Most: 12, Pages: 20, Pause: 40 * time.Second, Change: 0.1, Logout: 0.2,
	}
}

// Weight is how many users each one that is followed stands for.
func (w World) Weight() float64 { return float64(w.Users) / float64(w.Sampled) }

// Service is what the users of a World use: a model, or the library on an engine. The time of its calls goes forward for
// each user, and begins anew with the next.
type Service interface {
	// Login signs a user in, in a browser of its own, and returns the session.
	Login(at time.Time, user int) (session int)
	// Page loads a session, and saves a change. It reports false if the session has ended.
	Page(at time.Time, session int, change bool) (alive bool)
	Logout(at time.Time, session int)
}

// Run has the users come, one after the other.
func (w World) Run(s Service) {
	rates := w.rates()
	for i, rate := range rates {
		w.user(s, i, rate)
	}
}

// rates returns the visits a day of each user that is followed.
func (w World) rates() []float64 {
	rates := make([]float64, w.Sampled)
	mean := func(scale float64) float64 {
		sum := 0.0
		for i := range rates {
			rank := (float64(i) + 0.5) * w.Weight()
			rates[i] = min(w.Most, scale*math.Pow(rank, -w.Zipf))
			sum += rates[i]
		}
		return sum / float64(w.Sampled)
	}
	low, high := 0.0, math.Pow(float64(w.Users), w.Zipf)*w.Most
	for range 100 {
		if middle := (low + high) / 2; mean(middle) < w.Visits/30 {
			low = middle
		} else {
			high = middle
		}
	}
	mean(high)
	return rates
}

// day is the share of a day's visits in each of its hours: few at night, most in the evening.
var day = func() (curve [24]float64) {
	sum := 0.0
	for h := range curve {
		curve[h] = 1 + 0.8*math.Sin(2*math.Pi*float64(h-14)/24)
		sum += curve[h]
	}
	for h := range curve {
		curve[h] /= sum
	}
	return curve
}()

// Peak is how much more comes in the busiest hour than on average.
func Peak() float64 {
	most := 0.0
	for _, share := range day {
		most = max(most, 24*share)
	}
	return most
}

// user has one user come for a month, with one, two or three devices.
func (w World) user(s Service, i int, rate float64) {
	r := rand.New(rand.NewPCG(w.Seed, uint64(i)))
	devices := make([]int, 1)
	if p := r.Float64(); p < 0.1 {
		devices = make([]int, 3)
	} else if p < 0.4 {
		devices = make([]int, 2)
	}
	for d := range devices {
		devices[d] = -1
	}
	busy := w.Start
	for n := range w.Days {
		for h, share := range day {
			at := w.Start.AddDate(0, 0, n).Add(time.Duration(h) * time.Hour)
			if r.Float64() >= rate*share { // at most one visit an hour
				continue
			}
			at = at.Add(time.Duration(r.Float64() * float64(time.Hour)))
			if at.Before(busy) {
				continue // still here
			}
			busy = w.visit(s, r, at, i, &devices[r.IntN(len(devices))])
		}
	}
}

// visit has a user come to the service with a device, and returns when the visit ends.
func (w World) visit(s Service, r *rand.Rand, at time.Time, user int, device *int) time.Time {
	if *device < 0 || !s.Page(at, *device, false) {
		*device = s.Login(at, user)
	}
	for r.Float64() >= 1/w.Pages {
		at = at.Add(time.Duration(r.ExpFloat64() * float64(w.Pause)))
		if !s.Page(at, *device, r.Float64() < w.Change) {
			*device = s.Login(at, user)
		}
	}
	if r.Float64() < w.Logout {
		s.Logout(at, *device)
		*device = -1
	}
	return at
}

// Crowd has one user sign in again and again at equal intervals, never to sign out: an account that many share, or a monitor
// that logs in with each probe.
func Crowd(s Service, user int, from time.Time, logins int, every time.Duration, pages int) {
	for n := range logins {
		at := from.Add(time.Duration(n) * every)
		session := s.Login(at, user)
		for range pages {
			s.Page(at, session, false)
		}
	}
}
