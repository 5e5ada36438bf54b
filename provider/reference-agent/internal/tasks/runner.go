package tasks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/protocol"
)

const (
	// maxQueued is how many tasks wait; the server gives far fewer.
	maxQueued = 1000
	// maxKnown is how many ids of tasks are known again.
	maxKnown = 1000
)

// Why the context of a task ended: its cause. Where it has another one, the agent stops.
var (
	ErrTimeUp     = errors.New("its time was up")
	ErrCalledBack = errors.New("it was called back")
	errStopping   = errors.New("the agent was stopped while it ran")
)

// Runner works on tasks. All methods may be called at any time from any goroutine; on a nil one there is nothing to do.
type Runner struct {
	store     store
	executors map[string]Executor
	log       *slog.Logger
	now       func() time.Duration

	mutex sync.Mutex
	queue []Task
	// running is the task in work; stop ends it.
	running *Task
	stop    context.CancelCauseFunc
	ended   []protocol.TaskStatus
	// known are ids that were seen, the oldest first.
	known   []string
	wake    chan struct{}
	changed chan struct{}
}

// New makes a runner that knows these types of tasks, and takes up what an earlier process has left. Of what cannot be
// read the log says so. now is a clock that nobody sets.
func New(at layout.Layout, executors map[string]Executor, now func() time.Duration, log *slog.Logger) *Runner {
	runner := &Runner{
		store: store{at}, executors: executors, log: log, now: now,
		wake: make(chan struct{}, 1), changed: make(chan struct{}, 1),
	}
	reports, err := runner.store.reports()
	if err != nil {
		log.Error("what became of tasks cannot all be read", "error", err)
	}
	for _, report := range reports {
		runner.ended = append(runner.ended, report)
		runner.remember(report.ID)
	}
	// Run says what became of it; that it began is known from now on.
	if task, err := runner.store.peek(); err == nil && task != nil {
		runner.remember(task.ID)
	}
	return runner
}

// Knows says whether there is an executor for a type.
func (r *Runner) Knows(kind string) bool {
	_, known := r.executors[kind]
	return known
}

// Seen says that a task began, or was to begin, in this process or one before, as far back as the runner remembers.
func (r *Runner) Seen(id string) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Contains(r.known, id)
}

// Changed says that Reports gives something new.
func (r *Runner) Changed() <-chan struct{} {
	if r == nil {
		return nil
	}
	return r.changed
}

// Reports are what the server is to be told: that a task runs, and how others ended, until it has received that.
func (r *Runner) Reports() []protocol.TaskStatus {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	reports := slices.Clone(r.ended)
	if r.running != nil {
		reports = append(reports, protocol.TaskStatus{Type: protocol.TypeTaskStatus, ID: r.running.ID, Status: protocol.TaskStarted})
	}
	return reports
}

// Received forgets how a task ended: the server keeps it now.
func (r *Runner) Received(id string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	index := slices.IndexFunc(r.ended, func(one protocol.TaskStatus) bool { return one.ID == id })
	if index < 0 {
		return
	}
	r.ended = slices.Delete(r.ended, index, index+1)
	if err := atomicfile.Remove(r.store.ended(id)); err != nil {
		r.log.Error("a report that was delivered could not be deleted", "task", id, "error", err)
	}
}

// Add takes up a task. One that is known is not run again.
func (r *Runner) Add(task Task) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if !idForm.MatchString(task.ID) || slices.Contains(r.known, task.ID) {
		return
	}
	r.remember(task.ID)
	switch _, isKnown := r.executors[task.Type]; {
	case !isKnown:
		r.end(failed(task, fmt.Sprintf("this agent does not know tasks of type %.40s", task.Type)))
	case len(r.queue) >= maxQueued:
		r.end(failed(task, fmt.Sprintf("%d tasks wait already", len(r.queue))))
	default:
		after := func(one Task) bool { return one.Priority > task.Priority }
		index := slices.IndexFunc(r.queue, after)
		if index < 0 {
			index = len(r.queue)
		}
		r.queue = slices.Insert(r.queue, index, task)
		signal(r.wake)
	}
}

// Cancel ends a task, or keeps it from beginning.
func (r *Runner) Cancel(id string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.running != nil && r.running.ID == id {
		r.stop(ErrCalledBack)
		return
	}
	index := slices.IndexFunc(r.queue, func(one Task) bool { return one.ID == id })
	if index >= 0 {
		r.queue = slices.Delete(r.queue, index, index+1)
	} else if !idForm.MatchString(id) || slices.ContainsFunc(r.ended, func(one protocol.TaskStatus) bool { return one.ID == id }) {
		// How it ended is on its way.
		return
	}
	if !slices.Contains(r.known, id) {
		r.remember(id)
	}
	r.end(failed(Task{ID: id}, "it was called back before it began"))
}

// Announce tells the server of a task that the agent began itself, and of how it ended. It is kept before Announce
// returns without an error.
func (r *Runner) Announce(report protocol.TaskStatus) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	report.Type = protocol.TypeTaskStatus
	clean, cut := harmless(report.Output, protocol.MaxOutputBytes)
	report.Output, report.OutputTruncated = clean, report.OutputTruncated || cut
	if err := r.store.keep(r.store.ended(report.ID), report); err != nil {
		return err
	}
	r.remember(report.ID)
	r.ended = append(r.ended, report)
	signal(r.changed)
	return nil
}

// Run works until the context ends.
func (r *Runner) Run(ctx context.Context) {
	if task, err := r.store.cutOff(); err != nil {
		r.log.Error("which task ran before cannot be read", "error", err)
	} else if task != nil {
		r.takeUp(ctx, *task)
	}
	for ctx.Err() == nil {
		if r.workOnNext(ctx) {
			continue
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
		}
	}
}

// takeUp goes on with the task that ran when an earlier process ended, or says that it failed.
func (r *Runner) takeUp(ctx context.Context, task Task) {
	r.mutex.Lock()
	r.remember(task.ID)
	isEnded := slices.ContainsFunc(r.ended, func(one protocol.TaskStatus) bool { return one.ID == task.ID })
	r.mutex.Unlock()
	if resumer, can := r.executors[task.Type].(Resumer); can && !isEnded {
		working, stop := context.WithCancelCause(ctx)
		defer stop(nil)
		r.mutex.Lock()
		r.running, r.stop = &task, stop
		r.mutex.Unlock()
		r.work(ctx, working, task, resumer.Resume)
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if !isEnded {
		r.end(failed(task, "the agent ended while it ran"))
	}
	r.forgetRunning()
}

// workOnNext is false where no task waits.
func (r *Runner) workOnNext(ctx context.Context) bool {
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r.mutex.Lock()
	if len(r.queue) == 0 {
		r.mutex.Unlock()
		return false
	}
	task := r.queue[0]
	r.queue = r.queue[1:]
	// In the same step, so that a task which is called back either waits or runs.
	r.running, r.stop = &task, stop
	r.mutex.Unlock()
	r.work(ctx, working, task, r.executors[task.Type].Run)
	return true
}

// work does the task that is running. It ends with `working`; `ctx` ends when the agent stops.
func (r *Runner) work(ctx, working context.Context, task Task, do func(context.Context, Task) (Result, error)) {
	working, done := context.WithTimeoutCause(working, task.Timeout, ErrTimeUp)
	defer done()

	if err := r.store.keep(r.store.running(), task); err != nil {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.running = nil
		r.end(failed(task, "the agent cannot note that it runs: "+err.Error()))
		return
	}
	signal(r.changed)

	r.log.Info("task", "id", task.ID, "type", task.Type)
	began := r.now()
	result, err := do(working, task)
	cause := context.Cause(working)

	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.running = nil
	if err != nil && ctx.Err() != nil {
		if _, goesOn := r.executors[task.Type].(Resumer); goesOn {
			// The next process takes it up.
			return
		}
		cause = errStopping
	}
	report := reportOf(task, result, err, cause, r.now()-began)
	r.log.Info("task ended", "id", task.ID, "status", report.Status, "note", report.Note)
	r.end(report)
	r.forgetRunning()
}

// end keeps how a task ended until the server has received it. The mutex is held.
func (r *Runner) end(report protocol.TaskStatus) {
	if err := r.store.keep(r.store.ended(report.ID), report); err != nil {
		// It is told all the same, unless the agent ends before.
		r.log.Error("what became of a task could not be kept", "task", report.ID, "error", err)
	}
	r.ended = append(r.ended, report)
	signal(r.changed)
}

// forgetRunning comes after the end is kept, so that an agent that is killed between the two says the right one.
func (r *Runner) forgetRunning() {
	if err := atomicfile.Remove(r.store.running()); err != nil {
		r.log.Error("a task that ended still stands as running", "error", err)
	}
}

func (r *Runner) remember(id string) {
	if len(r.known) == maxKnown {
		r.known = r.known[1:]
	}
	r.known = append(r.known, id)
}

// signal never waits: one that was not seen yet says all.
func signal(channel chan struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}
