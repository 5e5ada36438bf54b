package selfupdate

import (
	"context"

	"pulumi-kace/reference-agent/internal/atomicfile"
)

// finish keeps the package of the version that runs, and ends the watchdog's service. The outcome is on disk. Cut off in
// the middle, the next start finds the state and the outcome and does it again, or no state and only clears up.
func (w watchdog) finish(ctx context.Context, state State, outcome Outcome) error {
	w.log.Info("the update has ended", "result", outcome.Result, "from", outcome.From, "to", outcome.To, "reason", outcome.Reason)
	kept, err := w.keepUsed(state, outcome)
	if err != nil {
		return err
	}
	if err := atomicfile.Remove(w.folder.state()); err != nil {
		return err
	}
	// The service last but for the files: while it is there, it finds no state and clears up.
	if err := w.world.retire(ctx); err != nil {
		return err
	}
	return w.folder.clear(kept...)
}

// keepUsed brings what is of use after an update to its place, and names it: the package that the present version came
// from; of an update that was not made, what another attempt needs as well.
func (w watchdog) keepUsed(state State, outcome Outcome) ([]string, error) {
	used, version := state.Old, state.From
	switch outcome.Result {
	case Updated:
		used, version = state.New, state.To
	case Postponed, Overtaken:
		return []string{state.New, state.Old}, nil
	}
	if used == "" {
		return nil, nil
	}
	keep := w.folder.kept(version, state.Format)
	return []string{keep}, moveIfThere(used, keep)
}

// clearUp ends a watchdog that has nothing to do.
func (w watchdog) clearUp(ctx context.Context) error {
	if err := w.world.retire(ctx); err != nil {
		return err
	}
	return w.folder.clearUnfinished()
}
