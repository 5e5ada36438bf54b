package connection

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/fakeserver"
	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/tasks"
)

// withTasks gives the agent a runner, which works until the test ends.
func (f *fixture) withTasks(executors map[string]tasks.Executor) {
	f.t.Helper()
	f.agent.Errands = NewErrands()
	f.agent.Tasks = tasks.New(f.agent.At, executors, func() time.Duration { return 0 }, f.agent.Log)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.agent.Tasks.Run(ctx)
	}()
	f.t.Cleanup(func() {
		cancel()
		<-ended
	})
}

func echo(_ context.Context, task tasks.Task) (tasks.Result, error) {
	var payload struct{ Text string }
	err := json.Unmarshal(task.Payload, &payload)
	return tasks.Result{Output: payload.Text}, err
}

func give(peer *fakeserver.Peer, id, kind string) {
	peer.Send(map[string]any{
		"type": "task", "id": id, "taskType": kind, "priority": 50, "timeoutSeconds": 60, "payload": map[string]string{"text": "hello"},
	})
}

func ended(t *testing.T, peer *fakeserver.Peer, id string) protocol.TaskStatus {
	t.Helper()
	for {
		var answer protocol.TaskStatus
		peer.Next(protocol.TypeTaskStatus, &answer)
		if answer.ID == id && answer.Status != protocol.TaskStarted {
			return answer
		}
	}
}

func TestSaysInItsHelloWhatItCan(t *testing.T) {
	for name, one := range map[string]struct {
		executors map[string]tasks.Executor
		can       []string
	}{
		"nothing":     {nil, nil},
		"tasks":       {map[string]tasks.Executor{tasks.TypeScript: tasks.Func(echo)}, []string{"tasks"}},
		"self-update": {map[string]tasks.Executor{tasks.TypeSelfUpdate: tasks.Func(echo)}, []string{"tasks", "self-update"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			if one.executors != nil {
				f.withTasks(one.executors)
			}
			f.start()
			if hello := f.Accept(t).Greet("approved", ""); !slices.Equal(hello.Can, one.can) {
				t.Errorf("%v", hello.Can)
			}
		})
	}
}

func TestSaysHowATaskEndedUntilTheServerHasReceivedIt(t *testing.T) {
	f := newFixture(t)
	f.withTasks(map[string]tasks.Executor{tasks.TypeScript: tasks.Func(echo)})
	peer := connected(f, "approved")
	give(peer, "task-1", tasks.TypeScript)
	if one := ended(t, peer, "task-1"); one.Status != protocol.TaskCompleted || one.Output != "hello" {
		t.Errorf("%+v", one)
	}
	// Given again over the same connection, and heard of again over the next one.
	give(peer, "task-1", tasks.TypeScript)
	ended(t, peer, "task-1")
	peer.Drop()
	again := f.Accept(t)
	again.Greet("approved", "")
	ended(t, again, "task-1")
	again.Send(map[string]any{"type": "task-status-received", "id": "task-1"})
	give(again, "task-2", tasks.TypeScript)
	ended(t, again, "task-2")
	again.Drop()
	third := f.Accept(t)
	third.Greet("approved", "")
	var first protocol.TaskStatus
	third.Next(protocol.TypeTaskStatus, &first)
	if first.ID != "task-2" {
		t.Errorf("it still says %+v", first)
	}
}

func TestTakesNoTasksWhileItIsNotApproved(t *testing.T) {
	f := newFixture(t)
	f.withTasks(map[string]tasks.Executor{tasks.TypeScript: tasks.Func(echo)})
	peer := connected(f, "quarantined")
	give(peer, "task-1", tasks.TypeScript)
	if one := ended(t, peer, "task-1"); one.Status != protocol.TaskFailed || one.Note != "the agent is not approved" {
		t.Errorf("%+v", one)
	}
}

func TestCallsATaskBack(t *testing.T) {
	f := newFixture(t)
	wait := func(ctx context.Context, _ tasks.Task) (tasks.Result, error) {
		<-ctx.Done()
		return tasks.Result{}, ctx.Err()
	}
	f.withTasks(map[string]tasks.Executor{tasks.TypeScript: tasks.Func(wait)})
	peer := connected(f, "approved")
	give(peer, "task-1", tasks.TypeScript)
	var begun protocol.TaskStatus
	peer.Next(protocol.TypeTaskStatus, &begun)
	if begun.Status != protocol.TaskStarted {
		t.Errorf("%+v", begun)
	}
	peer.Send(map[string]any{"type": "task-cancel", "id": "task-1"})
	if one := ended(t, peer, "task-1"); one.Note != "it was called back" {
		t.Errorf("%+v", one)
	}
}

func TestBringsAnInventoryForATask(t *testing.T) {
	f := newFixture(t)
	bring := func(ctx context.Context, _ tasks.Task) (tasks.Result, error) {
		return tasks.Result{}, f.agent.Errands.BringInventory(ctx)
	}
	f.withTasks(map[string]tasks.Executor{tasks.TypeInventory: tasks.Func(bring)})
	peer := connected(f, "approved")
	peer.Next(protocol.TypeInventory, &protocol.Inventory{})
	give(peer, "task-1", tasks.TypeInventory)
	peer.Next(protocol.TypeInventory, &protocol.Inventory{})
	if one := ended(t, peer, "task-1"); one.Status != protocol.TaskCompleted {
		t.Errorf("%+v", one)
	}
}
