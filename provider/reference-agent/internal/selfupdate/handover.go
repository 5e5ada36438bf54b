package selfupdate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/machinelock"
	"pulumi-kace/reference-agent/internal/tasks"
)

// activate keeps what the watchdog runs from, and hands the update over to it. The watchdog takes the machine's lock
// itself, and looks whether all is still as it was.
func (u *Updater) activate(ctx context.Context, state State) error {
	if err := u.inTurn(ctx, state.TaskID, func() error { return u.handOver(ctx, state) }); err != nil {
		return errors.Join(err, u.takeBack(ctx))
	}
	u.Log.Info("update: handed to the watchdog", "from", state.From, "to", state.To)
	if err := u.start(ctx, u.At); err != nil {
		return errors.Join(fmt.Errorf("the watchdog could not be started: %w", err), u.takeBack(ctx))
	}
	return nil
}

// takeBack forgets an update that no watchdog was started for, or later ones would be refused for its sake; and the next
// process would go on with what was said to have failed, where the disk did not take that it has. Where the agent is only
// stopped, its next process goes on with what is there.
func (u *Updater) takeBack(ctx context.Context) error {
	cause := context.Cause(ctx)
	if cause != nil && !errors.Is(cause, tasks.ErrTimeUp) && !errors.Is(cause, tasks.ErrCalledBack) {
		return nil
	}
	return errors.Join(atomicfile.Remove(u.folder().state()), atomicfile.Remove(u.folder().preparation()))
}

// inTurn works while nobody else works on the machine, and waits for that for a while.
func (u *Updater) inTurn(ctx context.Context, taskID string, work func() error) error {
	deadline := time.Now().Add(u.turnPatience)
	for isTold := false; ; isTold = true {
		lock, err := machinelock.Take(u.At, runName(taskID))
		if err == nil {
			return errors.Join(work(), lock.Release())
		}
		var held *machinelock.Held
		if !errors.As(err, &held) {
			return err
		}
		if !isTold {
			u.Log.Info("update: waiting", "because", held)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w: %v, for %s now", ErrPostponed, held, u.turnPatience)
		}
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), tasks.ErrTimeUp) {
				return fmt.Errorf("%w: %v, and the time of the task is up", ErrPostponed, held)
			}
			return ctx.Err()
		case <-time.After(u.pollEvery):
		}
	}
}

// handOver puts the state in place, from which on the update is the watchdog's.
func (u *Updater) handOver(ctx context.Context, state State) error {
	if err := u.keepOldFiles(ctx); err != nil {
		return err
	}
	receipt, err := receiptOn(u.At)
	if err != nil {
		return err
	}
	state.Receipt = receipt
	if err := atomicfile.Remove(u.folder().outcome()); err != nil {
		return err
	}
	if err := u.folder().writeState(state); err != nil {
		return err
	}
	if err := atomicfile.Remove(u.folder().preparation()); err != nil {
		return errors.Join(err, atomicfile.Remove(u.folder().state()))
	}
	return nil
}

// keepOldFiles copies the program folder aside, and makes sure that the watchdog can run from there.
func (u *Updater) keepOldFiles(ctx context.Context) error {
	where := u.folder()
	if err := os.RemoveAll(where.oldProgram()); err != nil {
		return err
	}
	if err := copyTree(u.At.ProgramFolder(), where.oldProgram()); err != nil {
		return err
	}
	said, err := u.run(ctx, where.watchdog(), "version")
	if err != nil {
		return fmt.Errorf("programs cannot be run from %s: %w", where.oldProgram(), err)
	}
	if strings.TrimSpace(said) != u.Version {
		return fmt.Errorf("the program on disk is %s, while %s runs: restart the agent first", tail(said), u.Version)
	}
	return nil
}
