package connection

import (
	"context"
	"errors"
	"time"

	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/status"
	"pulumi-kace/reference-agent/internal/tasks"
)

// abilities are what the agent says in its hello that it understands.
func (a *Agent) abilities() []string {
	if a.Tasks == nil {
		return nil
	}
	can := []string{protocol.CanTasks}
	if a.Tasks.Knows(tasks.TypeSelfUpdate) {
		can = append(can, protocol.CanSelfUpdate)
	}
	if a.Scripts != nil && a.Tasks.Knows(tasks.TypeScriptingUpdate) {
		can = append(can, protocol.CanScriptingUpdate)
	}
	return can
}

// sayScripts says which scripts the agent keeps. With `look` it asks for a scripting update, if the server has others.
func (s *session) sayScripts(ctx context.Context, look bool) error {
	if s.agent.Scripts == nil || s.state != status.Approved {
		return nil
	}
	return s.send(ctx, protocol.Scripts{Type: protocol.TypeScripts, Held: s.agent.Scripts.Hash(), Look: look})
}

// beginScripts is for every welcome and approval: it says which scripts the agent keeps, whatever the window says, since
// the server may believe otherwise; and it looks for others where that is due.
func (s *session) beginScripts(ctx context.Context) error {
	if s.state != status.Approved {
		return nil
	}
	look, _ := s.agent.looks.Look(s.agent.Elapsed(), s.agent.Now())
	return s.sayScripts(ctx, look)
}

// takeTask hands a task of the server to the runner. One that is known already is said again, not run again.
func (s *session) takeTask(ctx context.Context, message protocol.Incoming) error {
	if s.agent.Tasks == nil || message.ID == "" {
		return nil
	}
	if s.state != status.Approved {
		return s.send(ctx, protocol.TaskStatus{
			Type: protocol.TypeTaskStatus, ID: message.ID, Status: protocol.TaskFailed, Note: "the agent is not approved",
		})
	}
	delete(s.told, message.ID)
	s.agent.Tasks.Add(tasks.Task{
		ID:       message.ID,
		Type:     message.TaskType,
		Priority: message.Priority,
		Timeout:  seconds(message.TimeoutSeconds, time.Second, 24*time.Hour, time.Hour),
		Payload:  message.Payload,
	})
	return s.sayTasks(ctx)
}

// callBack ends a task, or keeps it from beginning. A script for later that stays on the disk is not called back yet.
func (s *session) callBack(id string) {
	if s.agent.Tasks == nil {
		return
	}
	// First what could begin it.
	if err := s.agent.Scripts.Drop(id); err != nil {
		s.agent.Log.Error("a script for later cannot be called back yet", "task", id, "error", err)
		if s.staying == nil {
			s.staying = map[string]bool{}
		}
		s.staying[id] = true
		return
	}
	delete(s.staying, id)
	s.agent.Tasks.Cancel(id)
}

// sayTasks says what the server has not been told over this connection.
func (s *session) sayTasks(ctx context.Context) error {
	if s.agent.Tasks == nil {
		return nil
	}
	if s.told == nil {
		s.told = map[string]string{}
	}
	for _, report := range s.agent.Tasks.Reports() {
		if s.told[report.ID] == report.Status {
			continue
		}
		if err := s.send(ctx, report); err != nil {
			return err
		}
		s.told[report.ID] = report.Status
	}
	return nil
}

// Errands are what others have the session do, which alone writes to the connection.
type Errands chan errand

type errand struct {
	work func(context.Context, *session) error
	done chan error
}

// NewErrands gives some to an Agent and to who has something done.
func NewErrands() Errands { return make(Errands) }

// errNotApproved says that the server does not want to hear of this machine.
var errNotApproved = errors.New("the agent is not approved")

// BringInventory sends the inventory, over the next connection where there is none now.
func (e Errands) BringInventory(ctx context.Context) error {
	bring := func(ctx context.Context, s *session) error {
		if s.state != status.Approved {
			return errNotApproved
		}
		return s.forced(ctx)
	}
	one := errand{work: bring, done: make(chan error, 1)}
	select {
	case e <- one:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-one.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// do does an errand. Only a connection that broke ends the session.
func (s *session) do(ctx context.Context, one errand) error {
	err := one.work(ctx, s)
	one.done <- err
	if errors.Is(err, errSend) {
		return err
	}
	return nil
}
