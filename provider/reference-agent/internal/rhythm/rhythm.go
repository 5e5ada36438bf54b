// Package rhythm says when an agent checks in, and when it brings its inventory. It knows no clock: times that have
// passed come in as the monotonic clock's, so that a clock that is set changes no interval, and the time of day as the
// wall clock's, looked at again and again, so that a clock that is set is noticed.
package rhythm

import (
	"time"

	"pulumi-kace/reference-agent/internal/settings"
)

// Rhythm of one agent with one server.
type Rhythm struct {
	jitter   func(limit time.Duration) time.Duration
	settings settings.Settings
	// due is when the next check-in is; last is when the last one was, if ran.
	due, last time.Duration
	ran       bool
	// waiting says that a check-in was due while the window was closed.
	waiting bool
	// runsWithout is how many check-ins there were since the last inventory.
	runsWithout int
	// owed says that the next check-in brings the inventory, whatever the interval says.
	owed bool
}

// New is a rhythm that begins with a check-in at once.
func New(lived settings.Settings, jitter func(limit time.Duration) time.Duration) *Rhythm {
	return &Rhythm{settings: lived, jitter: jitter, owed: true}
}

// Begin has the agent check in at once, or when the window opens, with its inventory: it is connected, or approved.
func (r *Rhythm) Begin(elapsed time.Duration) {
	r.due, r.owed = elapsed, true
}

// Apply takes up other settings. Another interval counts from the last check-in; one that would have been due already is
// spread over the interval, so that a fleet that is told together does not come together.
func (r *Rhythm) Apply(next settings.Settings, elapsed time.Duration) {
	changed := next.RunInterval() != r.settings.RunInterval()
	r.settings = next
	if !changed || !r.ran || r.waiting {
		return
	}
	if r.due = r.last + r.spread(); r.due < elapsed {
		r.due = elapsed + r.jitter(next.RunInterval())
	}
}

// Look says whether the agent shall check in now, and whether with its inventory; then the next interval begins.
func (r *Rhythm) Look(elapsed time.Duration, wall time.Time) (checkIn, inventory bool) {
	if elapsed < r.due {
		return false, false
	}
	window := r.settings.CommunicationsWindow
	if !window.Contains(wall) {
		r.waiting = true
		return false, false
	}
	if r.waiting {
		r.waiting = false
		// Everybody else waited for this moment too.
		if pause := r.jitter(min(r.settings.RunInterval(), window.Left(wall)/2)); pause > 0 {
			r.due = elapsed + pause
			return false, false
		}
	}
	r.runsWithout++
	inventory = r.owed || r.runsWithout >= r.settings.RunsPerInventory()
	r.begun(elapsed, inventory)
	return true, inventory
}

// Forced is a check-in with the inventory that somebody asked for: the next interval begins with it.
func (r *Rhythm) Forced(elapsed time.Duration) {
	r.waiting = false
	r.begun(elapsed, true)
}

// Wait is how long nothing is due; 0 where a check-in waits for the window, which only a look can tell.
func (r *Rhythm) Wait(elapsed time.Duration) time.Duration {
	return max(0, r.due-elapsed)
}

// Waiting says that a check-in is due and the window is closed.
func (r *Rhythm) Waiting() bool { return r.waiting }

func (r *Rhythm) begun(elapsed time.Duration, inventory bool) {
	r.ran, r.last = true, elapsed
	r.due = elapsed + r.spread()
	if inventory {
		r.owed, r.runsWithout = false, 0
	}
}

// spread is the interval, up to a tenth longer or shorter: agents that came together drift apart.
func (r *Rhythm) spread() time.Duration {
	interval := r.settings.RunInterval()
	return interval - interval/10 + r.jitter(interval/5)
}
