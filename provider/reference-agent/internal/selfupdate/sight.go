package selfupdate

import (
	"context"
	"fmt"
	"time"
)

const (
	lookEvery = 500 * time.Millisecond
	// steadyLooks is how many looks in a row must find the same process connected: one that is welcomed and dies is none
	// that came back.
	steadyLooks = 4
)

// sight is how the agent stands: of which version the running process is, and whether a server has welcomed it.
type sight struct {
	pid       int
	version   string
	connected bool
	lastError string
}

// await looks until the same process was as wanted several times in a row.
func (w watchdog) await(ctx context.Context, patience time.Duration, wanted func(sight) bool) (sight, bool) {
	began, steady := w.world.elapsed(), 0
	var last sight
	for {
		seen, err := w.world.look()
		switch {
		case err != nil:
			w.log.Error("the agent's status cannot be read", "error", err)
			steady = 0
		case !wanted(seen) || seen.pid == 0:
			steady = 0
		case seen.pid != last.pid:
			steady = 1
		default:
			steady++
		}
		last = seen
		if steady >= steadyLooks {
			return seen, true
		}
		// What looks well when the time is up is looked at to the end, but one that dies again and again is not well.
		over := w.world.elapsed() - began - patience
		if ctx.Err() != nil || over >= 0 && (steady == 0 || over > steadyLooks*lookEvery) {
			return seen, false
		}
		w.world.rest(ctx, lookEvery)
	}
}

func (s sight) describe(version string) string {
	switch {
	case s.pid == 0:
		return "it did not start up"
	case s.version != version:
		return fmt.Sprintf("the running agent is %s", s.version)
	case s.lastError != "":
		return "it runs and is not connected: " + s.lastError
	}
	return "it runs and is not connected"
}
