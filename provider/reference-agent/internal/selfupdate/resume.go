package selfupdate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pulumi-kace/reference-agent/internal/atomicfile"
)

// overtakenError says that somebody else has installed the agent since an order was begun by an agent of version `from`.
type overtakenError struct{ from, reason string }

func (e overtakenError) Error() string { return e.reason }

// maxPreparations is how often an update is prepared: an agent that dies of it each time must not do so for ever.
const maxPreparations = 10

// TakeUp goes on with an order that an earlier process of the agent worked on: where that was interrupted while it prepared
// the update, nothing of the installed agent was touched, and the preparation is gone on with.
func (u *Updater) TakeUp(ctx context.Context, taskID string, payload []byte) (note string, err error) {
	state, err := u.folder().readState()
	if err != nil {
		return "", err
	}
	prepared, err := u.folder().readPreparation()
	if err != nil {
		return "", err
	}
	if state != nil || prepared == nil || prepared.TaskID != taskID {
		return u.untilSettled(ctx, taskID, payload, func() (string, error) { return u.Resume(ctx, taskID) })
	}
	if prepared.Attempts >= maxPreparations {
		return "", errors.Join(
			fmt.Errorf("the agent was interrupted %d times while it prepared the update; nothing was changed", prepared.Attempts),
			u.folder().clearUnfinished(),
		)
	}
	u.Log.Info("update: the preparation was interrupted and goes on", "attempts", prepared.Attempts)
	from := prepared.From
	if from == "" {
		from = u.Version
	}
	return u.untilSettled(ctx, taskID, payload, func() (string, error) { return u.begin(ctx, taskID, payload, from) })
}

// untilSettled begins an order anew where somebody else has installed the agent meanwhile, by what is there now.
func (u *Updater) untilSettled(ctx context.Context, taskID string, payload []byte, attempt func() (string, error)) (string, error) {
	for range maxPreparations {
		note, err := attempt()
		var overtaken overtakenError
		if !errors.As(err, &overtaken) {
			return note, err
		}
		u.Log.Info("update: it is looked at anew", "because", overtaken.reason)
		attempt = func() (string, error) { return u.begin(ctx, taskID, payload, overtaken.from) }
	}
	return "", fmt.Errorf("somebody else has installed the agent %d times meanwhile", maxPreparations)
}

// Resume waits for the outcome of an update that an earlier process of the agent, or this one, began.
func (u *Updater) Resume(ctx context.Context, taskID string) (note string, err error) {
	for looks := 1; ; looks++ {
		// The watchdog writes the outcome first and takes the state away after that: read the other way round, one without
		// the other is none that was never written.
		state, err := u.folder().readState()
		if err != nil {
			return "", err
		}
		outcome, err := u.folder().readOutcome()
		if err != nil {
			return "", err
		}
		if state == nil && (outcome == nil || outcome.TaskID != taskID) {
			return "", errors.New("the agent was interrupted while it prepared the update; nothing was changed")
		}
		// It clears up last of all: what comes next must not be cleared up as well.
		running, err := atomicfile.Holder(u.folder().lock())
		if err != nil {
			return "", err
		}
		if state == nil && running == 0 {
			return outcome.told()
		}
		if state != nil && looks%looksPerCall == 0 {
			if err := u.recall(ctx); err != nil {
				u.Log.Error("update: the watchdog does not run and could not be started", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return "", errors.Join(ErrEnded, ctx.Err())
		case <-time.After(u.pollEvery):
		}
	}
}

// told is an outcome as what becomes of its task.
func (o Outcome) told() (note string, err error) {
	switch o.Result {
	case Updated:
		return o.Note(), nil
	case Postponed:
		return "", fmt.Errorf("%w: %s", ErrPostponed, o.Note())
	case Overtaken:
		return "", overtakenError{from: o.From, reason: o.Note()}
	}
	return "", errors.New(o.Note())
}

// looksPerCall is how many looks for the outcome pass between two looks for the watchdog.
const looksPerCall = 20

// recall starts a watchdog that was ended before its work was done, where nothing else does.
func (u *Updater) recall(ctx context.Context) error {
	running, err := atomicfile.Holder(u.folder().lock())
	if err != nil || running != 0 {
		return err
	}
	u.Log.Warn("update: the watchdog is started again")
	return u.start(ctx, u.At)
}
