// Package scale models the sessions of a service for a month: with 100 million users, or with a
// handful, whose bill a test compares with that of the library on a real engine.
package scale

import (
	"math"
	"math/rand/v2"
	"time"
)

// World describes a service and its users.
type World struct {
	Users   int           // number of users
	Sampled int           // simulated users; each stands for Users/Sampled
	Days    int           // simulated days
	Seed    uint64        // of the random numbers
	Start   time.Time     // a midnight
	Visits  float64       // average visits of a user in 30 days
	Zipf    float64       // exponent: the user of rank r visits in proportion to r^-Zipf
	Most    float64       // visits per day of the most active user
	Pages   float64       // average pages of a visit
	Pause   time.Duration // average time between two pages
	Change  float64       // share of pages that change the session
	Logout  float64       // share of visits that end with a logout
}

// Ten8 returns the service of docs/scale.md. It simulates one user in ten thousand.
func Ten8() World {
	return World{
		Users: 100_000_000, Sampled: 10_000, Days: 30, Seed: 23, Start: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		Visits: 8, Zipf: 0.8, Most: 12, Pages: 20, Pause: 40 * time.Second, Change: 0.1, Logout: 0.2,
	}
}

// Weight returns the number of users for which each simulated user stands.
func (w World) Weight() float64 { return float64(w.Users) / float64(w.Sampled) }

// Service is what the users of a World use: a model, or the library on an engine. For each user,
// times increase from call to call; the next user starts over.
type Service interface {
	// Login signs a user in with a new browser, and returns the session.
	Login(at time.Time, user int) (session int)
	// Page loads a session, and saves it if change is true. It reports false if the session has
	// ended.
	Page(at time.Time, session int, change bool) (alive bool)
	Logout(at time.Time, session int)
}

// Run simulates the users one after the other.
func (w World) Run(s Service) {
	rates := w.rates()
	for i, rate := range rates {
		w.user(s, i, rate)
	}
}

// rates returns the visits per day of each simulated user.
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

// day is the distribution of visits over the hours of a day: few at night, most in the evening.
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

// Peak returns the ratio of the load in the busiest hour to the average load.
func Peak() float64 {
	most := 0.0
	for _, share := range day {
		most = max(most, 24*share)
	}
	return most
}

// user simulates the visits of a user who has one, two or three devices.
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
			if r.Float64() >= rate*share { // at most one visit per hour
				continue
			}
			at = at.Add(time.Duration(r.Float64() * float64(time.Hour)))
			if at.Before(busy) {
				continue // the last visit has not ended
			}
			busy = w.visit(s, r, at, i, &devices[r.IntN(len(devices))])
		}
	}
}

// visit simulates a visit by a user with a device, and returns when it ends.
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

// Crowd simulates a user who signs in at equal intervals and never out: an account shared by many
// people, or a monitor that signs in with each probe.
func Crowd(s Service, user int, from time.Time, logins int, every time.Duration, pages int) {
	for n := range logins {
		at := from.Add(time.Duration(n) * every)
		session := s.Login(at, user)
		for range pages {
			s.Page(at, session, false)
		}
	}
}
