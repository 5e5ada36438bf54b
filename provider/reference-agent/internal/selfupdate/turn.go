package selfupdate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/machinelock"
)

const (
	// turnPatience is how long an update that has touched nothing waits for a run of a configuration; the server orders it
	// again after that.
	turnPatience = 10 * time.Minute
	turnPause    = time.Second
)

// ErrPostponed says that an update was not begun, because others worked on the machine. Nothing was touched.
var ErrPostponed = errors.New("the update was not begun")

// errCalledOff says that there is nothing to update any more: the agent was removed.
var errCalledOff = errors.New("the update was called off")

// runName is what an update is called in the machine's lock.
func runName(taskID string) string { return "agent-update-" + taskID }

// receiptPath is where a run of a configuration notes what it has made of the machine.
const receiptPath = "/var/lib/pulumi-kace/receipt.json"

// receiptOn names the note that a run left last; each run that installs or adopts the agent writes a new file.
func receiptOn(at layout.Layout) (string, error) {
	about, err := os.Stat(at.Resolve(receiptPath))
	if errors.Is(err, fs.ErrNotExist) {
		return "none", nil
	}
	if err != nil {
		return "", err
	}
	inode := uint64(0)
	if raw, isRaw := about.Sys().(*syscall.Stat_t); isRaw {
		inode = raw.Ino
	}
	return fmt.Sprintf("%d-%d", inode, about.ModTime().UnixNano()), nil
}

// takeTurn waits until nobody else works on the machine, and keeps others off until `leave` is called. What has touched
// nothing yet waits for a while only; what has must be brought to its end. The outcome is there where nothing is left to
// do; the error is errCalledOff where the agent was removed meanwhile.
func (w watchdog) takeTurn(ctx context.Context, state *State) (over *Outcome, leave func(), err error) {
	leave = func() {}
	isBegun := state.Phase != PhaseActivating || state.Attempts > 0
	began := w.world.elapsed()
	for isTold := false; ; isTold = true {
		release, err := w.world.take(runName(state.TaskID))
		var held *machinelock.Held
		if !errors.As(err, &held) {
			if err != nil {
				// Where no lock can be made, runs cannot work either; and to go back is not put off.
				w.log.Error("the machine cannot be locked", "error", err)
			} else {
				leave = w.leaving(release)
			}
			break
		}
		if !isTold {
			w.log.Info("waiting", "because", held)
		}
		if waited := w.world.elapsed() - began; !isBegun && waited >= turnPatience {
			return w.outcome(*state, Postponed, fmt.Sprintf("%v, for %s now", held, turnPatience)), leave, nil
		}
		w.world.rest(ctx, turnPause)
		if err := errors.Join(ctx.Err(), w.isWanted()); err != nil {
			return nil, leave, err
		}
	}
	if err := w.isWanted(); err != nil {
		leave()
		return nil, func() {}, err
	}
	reason, err := w.overtaken(ctx, state, isBegun)
	if err != nil {
		// Better an update that goes on than one that stays in the middle.
		w.log.Error("what others made of the machine cannot be read", "error", err)
	}
	if reason != "" {
		over = w.outcome(*state, Overtaken, reason)
	}
	return over, leave, nil
}

// isWanted is nil unless the agent was removed: whoever does that takes the state away, and must not find it made anew.
func (w watchdog) isWanted() error {
	state, err := w.folder.readState()
	if err == nil && state == nil {
		return errCalledOff
	}
	return err
}

func (w watchdog) leaving(release func() error) func() {
	return func() {
		if err := release(); err != nil {
			w.log.Error("the machine's lock could not be given back", "error", err)
		}
	}
}

// overtaken says how somebody else has changed the agent since the update was handed over; empty where nobody has, and
// where it was left in the middle. A run writes its receipt before it has seen the agent work: where it was at work on
// the new version, that is waited for anew, and is put back unless it is welcomed.
func (w watchdog) overtaken(ctx context.Context, state *State, isBegun bool) (string, error) {
	installed := w.world.program(ctx)
	isMiddle := isBegun && (installed == state.To || installed == "")
	if installed != state.From && !isMiddle {
		return fmt.Sprintf("meanwhile somebody else has installed %s", named(installed)), nil
	}
	if state.Receipt == "" || installed == "" {
		return "", nil
	}
	receipt, err := w.world.receipt()
	if err != nil || receipt == state.Receipt {
		return "", err
	}
	if isMiddle {
		w.log.Info("a run of a configuration was at work: what it left is waited for", "version", installed)
		state.Phase, state.Attempts, state.Receipt = PhaseConfirming, 0, receipt
		return "", nil
	}
	return fmt.Sprintf("meanwhile a run of a configuration was at work, and left %s", named(installed)), nil
}

func named(version string) string {
	if version == "" {
		return "a program that does not run"
	}
	return version
}
