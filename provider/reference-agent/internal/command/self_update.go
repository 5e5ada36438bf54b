package command

import (
	"context"
	"errors"
	"fmt"

	"pulumi-kace/reference-agent/internal/selfupdate"
	"pulumi-kace/reference-agent/internal/tasks"
)

// selfUpdate works on updates of the agent; after a restart it goes on where the process before it ended.
type selfUpdate struct{ updater *selfupdate.Updater }

func (s selfUpdate) Run(ctx context.Context, task tasks.Task) (tasks.Result, error) {
	note, err := s.updater.Update(ctx, task.ID, task.Payload)
	return tasks.Result{Note: note}, asTask(err)
}

func (s selfUpdate) Resume(ctx context.Context, task tasks.Task) (tasks.Result, error) {
	note, err := s.updater.TakeUp(ctx, task.ID, task.Payload)
	return tasks.Result{Note: note}, asTask(err)
}

// asTask says of an update that was postponed what is said of a task.
func asTask(err error) error {
	if errors.Is(err, selfupdate.ErrPostponed) {
		return fmt.Errorf("%w: %w", tasks.ErrNotBegun, err)
	}
	return err
}
