package selfupdate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/layout"
)

const (
	// maxAttempts is how often one phase is begun before it is given up.
	maxAttempts = 3
	// restoredPatience is how long the old agent has to start; it need not reach its server for that.
	restoredPatience = time.Minute
	outcomeRetry     = 10 * time.Second
)

// world is what a watchdog touches.
type world interface {
	// install puts a package in place; its script restarts the agent.
	install(ctx context.Context, format, file string) error
	// putBackFiles copies the old program files in place.
	putBackFiles() error
	restartAgent(ctx context.Context) error
	// take takes the machine's lock under the name of a run; see machinelock.Take.
	take(run string) (release func() error, err error)
	// program is the version of the program on the disk, empty where that does not run.
	program(ctx context.Context) string
	// receipt names the last note that a configuration's run left.
	receipt() (string, error)
	look() (sight, error)
	// elapsed is a clock that nobody sets.
	elapsed() time.Duration
	rest(ctx context.Context, length time.Duration)
	// retire ends the watchdog's own service.
	retire(ctx context.Context) error
}

// watchdog carries one update to its end.
type watchdog struct {
	folder folder
	world  world
	log    *slog.Logger
}

// Watch does what is left of the update under way, if there is one: what the watchdog's service runs. It returns when
// the outcome is written.
func Watch(ctx context.Context, at layout.Layout, log *slog.Logger) (err error) {
	where := folder{at}
	lock, err := atomicfile.Lock(where.lock(), false)
	if errors.Is(err, atomicfile.ErrLocked) {
		return errors.New("another watchdog is at work")
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return watchdog{folder: where, world: machine{at: at, started: time.Now()}, log: log}.carryOut(ctx)
}

func (w watchdog) carryOut(ctx context.Context) error {
	state, err := w.folder.readState()
	if err != nil {
		return err
	}
	if state == nil {
		return w.clearUp(ctx)
	}
	if outcome, err := w.folder.readOutcome(); err != nil || outcome != nil && outcome.TaskID == state.TaskID {
		if err != nil {
			return err
		}
		return w.finish(ctx, *state, *outcome)
	}
	outcome, leave, err := w.takeTurn(ctx, state)
	if errors.Is(err, errCalledOff) {
		return w.clearUp(ctx)
	}
	if err != nil {
		return err
	}
	defer leave()
	for outcome == nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		if outcome, err = w.step(ctx, state); err != nil {
			return err
		}
	}
	if err := w.keepOutcome(ctx, *outcome); err != nil {
		return err
	}
	return w.finish(ctx, *state, *outcome)
}

// keepOutcome tries until it is on disk: to begin anew would install and restart again what is right already.
func (w watchdog) keepOutcome(ctx context.Context, outcome Outcome) error {
	for {
		err := w.folder.writeOutcome(outcome)
		if err == nil {
			return nil
		}
		w.log.Error("the outcome cannot be kept yet", "result", outcome.Result, "error", err)
		w.world.rest(ctx, outcomeRetry)
		if ctx.Err() != nil {
			return err
		}
	}
}

// step does what the present phase asks for, and says the outcome or leaves the state in its next phase. What it decides
// is on disk before it acts.
func (w watchdog) step(ctx context.Context, state *State) (*Outcome, error) {
	state.Attempts++
	if state.Attempts > maxAttempts {
		if state.Phase == PhaseRestoring {
			return w.outcome(*state, Lost, state.Reason+"; and it could not be put back"), nil
		}
		return nil, w.giveUp(state, fmt.Sprintf("it was interrupted %d times while %s", maxAttempts, state.Phase))
	}
	if err := w.keep(*state); err != nil {
		return nil, err
	}
	switch state.Phase {
	case PhaseActivating:
		w.log.Info("installing", "version", state.To)
		err := w.world.install(ctx, state.Format, state.New)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, w.giveUp(state, fmt.Sprintf("%s could not be installed: %v", state.To, err))
		}
		return nil, w.enter(state, PhaseConfirming)
	case PhaseConfirming:
		return w.confirm(ctx, state)
	case PhaseRestoring:
		return w.restore(ctx, state)
	}
	return nil, w.giveUp(state, fmt.Sprintf("the state file names the unknown phase %q", state.Phase))
}

// confirm waits for the new agent to be welcomed.
func (w watchdog) confirm(ctx context.Context, state *State) (*Outcome, error) {
	patience := time.Duration(state.ConfirmSeconds) * time.Second
	seen, came := w.await(ctx, patience, func(seen sight) bool { return seen.version == state.To && seen.connected })
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if came {
		return w.outcome(*state, Updated, ""), nil
	}
	return nil, w.giveUp(state, fmt.Sprintf("%s was not welcomed by the server within %s: %s", state.To, patience, seen.describe(state.To)))
}

// restore puts the old version back, in the package tool's eyes too where there is its package.
func (w watchdog) restore(ctx context.Context, state *State) (*Outcome, error) {
	w.log.Warn("putting back", "version", state.From, "reason", state.Reason)
	// It is of no more use, and the disk may be full.
	if err := atomicfile.Remove(state.New); err != nil {
		w.log.Error("the new package could not be deleted", "error", err)
	}
	reason := state.Reason
	installed := false
	if state.Old != "" {
		err := w.world.install(ctx, state.Format, state.Old)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		installed = err == nil
		if err != nil {
			w.log.Error("the old package could not be installed", "error", err)
			reason += fmt.Sprintf("; the old package could not be installed (%v), so its files were put back", err)
		}
	} else if state.Format != FormatTar {
		reason += "; the old package was not at hand, so its files were put back and the package tool still names " + state.To
	}
	if !installed {
		if err := w.world.putBackFiles(); err != nil {
			return nil, w.again(state, err)
		}
	}
	if err := w.world.restartAgent(ctx); err != nil {
		return nil, w.again(state, err)
	}
	seen, came := w.await(ctx, restoredPatience, func(seen sight) bool { return seen.version == state.From })
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if !came {
		// The package may be broken as well: at the next attempt only the files that ran before are put back.
		state.Old = ""
		return nil, w.again(state, errors.New(seen.describe(state.From)))
	}
	return w.outcome(*state, RolledBack, reason), nil
}

// again keeps the phase for another attempt.
func (w watchdog) again(state *State, err error) error {
	w.log.Error("the old version could not be put back", "attempt", state.Attempts, "error", err)
	state.Reason = fmt.Sprintf("%s; attempt %d: %v", state.Reason, state.Attempts, err)
	return nil
}

func (w watchdog) giveUp(state *State, reason string) error {
	w.log.Error("the update is taken back", "reason", reason)
	state.Reason = reason
	return w.enter(state, PhaseRestoring)
}

func (w watchdog) enter(state *State, phase string) error {
	state.Phase, state.Attempts = phase, 0
	return w.keep(*state)
}

// keep writes the state. Once the new version is installed, to see that it works or to go back is not put off for a disk
// that is full: what is lost with the note is only the count of attempts, and at worst another wait for the new agent.
func (w watchdog) keep(state State) error {
	err := w.folder.writeState(state)
	if err != nil && state.Phase != PhaseActivating {
		w.log.Error("the state cannot be written", "error", err)
		return nil
	}
	return err
}

func (w watchdog) outcome(state State, result, reason string) *Outcome {
	return &Outcome{TaskID: state.TaskID, Result: result, From: state.From, To: state.To, Reason: reason}
}
