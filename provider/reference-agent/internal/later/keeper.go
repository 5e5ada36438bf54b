package later

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"time"

	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/tasks"
)

// lookEvery bounds how long a clock that was set goes unnoticed.
const lookEvery = 30 * time.Second

// Runner works on what the time has come of.
type Runner interface {
	Add(task tasks.Task)
	Announce(report protocol.TaskStatus) error
	// Seen says that a task began, or was to begin, in this process or one before.
	Seen(id string) bool
}

// Keeper keeps scripts until their time. All methods may be called at any time from any goroutine; on a nil one there is
// nothing to do.
type Keeper struct {
	store store
	// now is the wall clock.
	now      func() time.Time
	log      *slog.Logger
	onChange func(held int)

	mutex   sync.Mutex
	server  string
	held    map[string]definition
	wake    chan struct{}
	changed chan struct{}
}

// New takes up what an earlier process kept. onChange is told how many scripts there are.
func New(at layout.Layout, now func() time.Time, log *slog.Logger, onChange func(held int)) *Keeper {
	keeper := &Keeper{
		store: store{at}, now: now, log: log, onChange: onChange, held: map[string]definition{},
		wake: make(chan struct{}, 1), changed: make(chan struct{}, 1),
	}
	found, err := keeper.store.all()
	if err != nil {
		log.Error("scripts for later cannot all be read", "error", err)
	}
	for _, one := range found {
		keeper.held[one.ID] = one
	}
	onChange(len(keeper.held))
	return keeper
}

// Hash stands for the scripts that are kept, so that the server knows whether it has others.
func (k *Keeper) Hash() string {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	ids := make([]string, 0, len(k.held))
	for id := range k.held {
		ids = append(ids, id)
	}
	return hashOf(ids)
}

// Changed says that a scripting update has ended, and Hash may be another one.
func (k *Keeper) Changed() <-chan struct{} {
	if k == nil {
		return nil
	}
	return k.changed
}

// Belong forgets the scripts of any other server than this one.
func (k *Keeper) Belong(server string) {
	if k == nil {
		return
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.server = server
	for id, one := range k.held {
		if one.Server != server {
			k.drop(id, "it is of another server")
		}
	}
}

// Clear forgets all scripts: the server does not approve of this machine any more.
func (k *Keeper) Clear(why string) {
	if k == nil {
		return
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	for id := range k.held {
		k.drop(id, why)
	}
}

// Drop forgets a script that is not to begin any more. Where it cannot it says so: the script may begin yet, and nothing
// must be told of its end.
func (k *Keeper) Drop(id string) error {
	if k == nil {
		return nil
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if _, isHeld := k.held[id]; !isHeld {
		return nil
	}
	return k.forget(id)
}

// drop forgets a script. The mutex is held.
func (k *Keeper) drop(id, why string) {
	if err := k.forget(id); err != nil {
		k.log.Error("a script for later could not be deleted", "task", id, "error", err)
		return
	}
	k.log.Info("script for later dropped", "task", id, "why", why)
}

// forget takes a script off the disk. The mutex is held.
func (k *Keeper) forget(id string) error {
	if err := k.store.erase(id); err != nil {
		return err
	}
	delete(k.held, id)
	k.onChange(len(k.held))
	return nil
}

// Serve hands scripts to the runner when their time has come, until the context ends.
func (k *Keeper) Serve(ctx context.Context, runner Runner) {
	k.forgetBegun(runner)
	for {
		timer := time.NewTimer(k.look(runner))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-k.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// forgetBegun ends what is between the disk's note that a script runs and the script's own: what an earlier process
// began is the runner's to report, and runs once.
func (k *Keeper) forgetBegun(runner Runner) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	for id := range k.held {
		if runner.Seen(id) {
			k.drop(id, "it began before")
		}
	}
}

// look hands over what is due, and says how long until something may be.
func (k *Keeper) look(runner Runner) time.Duration {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	now := k.now()
	pause := lookEvery
	for _, one := range k.inOrder() {
		if runner.Seen(one.ID) {
			// It waits for its turn there.
			continue
		}
		switch one.verdict(now) {
		case wait:
			pause = min(pause, one.At.Sub(now.Round(0)))
		case run:
			runner.Add(tasks.Task{
				ID: one.ID, Type: tasks.TypeScriptForLater, Priority: one.Priority, Timeout: one.timeout(), Payload: json.RawMessage(`{}`),
			})
		case missed:
			k.reportMissed(runner, one, now)
		}
	}
	return pause
}

// inOrder are the scripts by their time. The mutex is held.
func (k *Keeper) inOrder() []definition {
	all := make([]definition, 0, len(k.held))
	for _, one := range k.held {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b definition) int {
		if order := a.At.Compare(b.At); order != 0 {
			return order
		}
		return a.Priority - b.Priority
	})
	return all
}

// reportMissed keeps the report before it forgets the script, so that neither is lost without the other. The mutex is
// held.
func (k *Keeper) reportMissed(runner Runner, one definition, now time.Time) {
	note := fmt.Sprintf("missed: it was to run at %s, and could not begin before %s",
		one.At.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	report := protocol.TaskStatus{ID: one.ID, Status: protocol.TaskFailed, Note: note, EndedAt: now.UTC().Format(time.RFC3339)}
	if err := runner.Announce(report); err != nil {
		k.log.Error("a script for later was missed, and that cannot be kept", "task", one.ID, "error", err)
		return
	}
	k.drop(one.ID, "missed")
}

// executor is a tasks.Keeper.
type executor struct {
	*Keeper
	tasks.Func
}

// Before makes an Executor of tasks.TypeScriptForLater: it takes the script out of what is kept and lets scripts run it.
// The runner has noted by then that the task runs, so that one which is cut off is reported, and never runs twice.
func (k *Keeper) Before(scripts tasks.Executor) tasks.Keeper {
	return executor{k, func(ctx context.Context, task tasks.Task) (tasks.Result, error) {
		text, err := k.take(task.ID)
		if err != nil {
			return tasks.Result{}, err
		}
		if task.Payload, err = json.Marshal(map[string]string{"script": text}); err != nil {
			return tasks.Result{}, err
		}
		result, err := scripts.Run(ctx, task)
		result.EndedAt = k.now()
		return result, err
	}}
}

func (k *Keeper) take(id string) (string, error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	one, err := k.store.read(id)
	if errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("it was called back before it began")
	}
	return one.Script, errors.Join(err, k.forget(id))
}
