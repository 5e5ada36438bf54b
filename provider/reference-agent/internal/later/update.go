package later

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"pulumi-kace/reference-agent/internal/tasks"
)

// Part brings what follows at an offset of something that a task names, and the size of all of it.
type Part func(ctx context.Context, taskID, sha256 string, offset int64) ([]byte, int64, error)

// Updates makes an Executor of scripting updates: it drops what the server does not want any more and brings what is
// new. What can be done is done, also where another script cannot be brought.
func (k *Keeper) Updates(part Part, runner func() Runner) tasks.Executor {
	return tasks.Func(func(ctx context.Context, task tasks.Task) (tasks.Result, error) {
		var payload struct {
			Scripts []order `json:"scripts"`
		}
		if err := json.Unmarshal(task.Payload, &payload); err != nil {
			return tasks.Result{}, err
		}
		if len(payload.Scripts) > MaxHeld {
			return tasks.Result{}, fmt.Errorf("%d scripts are more than the %d that an agent keeps", len(payload.Scripts), MaxHeld)
		}
		dropped := k.dropOthers(payload.Scripts)
		brought, problems := 0, []error{}
		for _, one := range payload.Scripts {
			isNew, err := k.bring(ctx, task.ID, one, part, runner())
			if err != nil {
				problems = append(problems, err)
			} else if isNew {
				brought++
			}
		}
		signal(k.wake)
		signal(k.changed)
		note := fmt.Sprintf("%d held: %d new, %d dropped", k.count(), brought, dropped)
		return tasks.Result{Note: note}, errors.Join(problems...)
	})
}

// dropOthers forgets what the server does not name any more.
func (k *Keeper) dropOthers(wanted []order) int {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	named := map[string]bool{}
	for _, one := range wanted {
		named[one.ID] = true
	}
	before := len(k.held)
	for id := range k.held {
		if !named[id] {
			k.drop(id, "the server does not name it any more")
		}
	}
	return before - len(k.held)
}

// bring keeps a script, if it is not kept and did not begin.
func (k *Keeper) bring(ctx context.Context, taskID string, wanted order, part Part, runner Runner) (bool, error) {
	if err := wanted.check(); err != nil {
		return false, err
	}
	if k.has(wanted.ID) || runner.Seen(wanted.ID) {
		return false, nil
	}
	text, size, err := part(ctx, taskID, wanted.SHA256, 0)
	if err != nil {
		return false, fmt.Errorf("the script %s: %w", wanted.ID, err)
	}
	if size > maxScriptBytes || int64(len(text)) != size || sumOf(text) != wanted.SHA256 {
		return false, fmt.Errorf("the script %s is not the one that was named, or too long", wanted.ID)
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	// It may have been called back while it was on its way.
	if runner.Seen(wanted.ID) {
		return false, nil
	}
	one := definition{order: wanted, Server: k.server, Script: string(text)}
	if err := k.store.keep(one); err != nil {
		return false, err
	}
	one.Script = ""
	k.held[one.ID] = one
	k.onChange(len(k.held))
	return true, nil
}

func (k *Keeper) has(id string) bool {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	_, isHeld := k.held[id]
	return isHeld
}

func (k *Keeper) count() int {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return len(k.held)
}

// signal never waits: one that was not seen yet says all.
func signal(channel chan struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}
