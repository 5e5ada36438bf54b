package tasks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

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
	// unkept are those of the ended ones whose reports are not on the disk yet.
	unkept map[string]bool
	// noted is the task that the disk says runs: also one that has ended, until its report is kept.
	noted string
	// known are ids that were seen, the oldest first.
	known   []string
	wake    chan struct{}
	changed chan struct{}
	// again is after how long it tries anew to keep what the disk did not take.
	again time.Duration
}

// New makes a runner that knows these types of tasks, and takes up what an earlier process has left. Of what cannot be
// read the log says so. now is a clock that nobody sets.
func New(at layout.Layout, executors map[string]Executor, now func() time.Duration, log *slog.Logger) *Runner {
	runner := &Runner{
		store: store{at}, executors: executors, log: log, now: now,
		unkept: map[string]bool{}, wake: make(chan struct{}, 1), changed: make(chan struct{}, 1), again: keepAgainAfter,
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
		runner.noted = task.ID
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

// Add takes up a task. One that is known is not run again.
func (r *Runner) Add(task Task) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if !idForm.MatchString(task.ID) || slices.Contains(r.known, task.ID) {
		return
	}
	r.remember(task.ID)
	executor, isKnown := r.executors[task.Type]
	// What lies on the disk must not be said to have failed; there is little of it.
	_, isKept := executor.(Keeper)
	switch {
	case !isKnown:
		r.end(failed(task, fmt.Sprintf("this agent does not know tasks of type %.40s", task.Type)))
	case len(r.queue) >= maxQueued && !isKept:
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
		case <-r.untilAgain():
			r.tryAgain()
		case <-ctx.Done():
		}
	}
	r.tryAgain()
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
	if !isEnded {
		r.conclude(task, failed(task, "the agent ended while it ran"))
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if !r.unkept[task.ID] {
		r.settled(task.ID)
	}
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

	if err := r.note(task); err != nil {
		r.conclude(task, failed(task, "the agent cannot note that it runs: "+err.Error()))
		return
	}
	signal(r.changed)

	r.log.Info("task", "id", task.ID, "type", task.Type)
	began := r.now()
	result, err := do(working, task)
	cause := context.Cause(working)

	if err != nil && ctx.Err() != nil {
		if _, goesOn := r.executors[task.Type].(Resumer); goesOn {
			// The next process takes it up.
			r.mutex.Lock()
			defer r.mutex.Unlock()
			r.running = nil
			return
		}
		cause = errStopping
	}
	report := reportOf(task, result, err, cause, r.now()-began)
	r.conclude(task, report)
}

// note keeps that a task runs. It takes the place of the note on one before, whose report must be kept by then.
func (r *Runner) note(task Task) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if err := r.keepAll(); err != nil {
		return err
	}
	if err := r.store.keep(r.store.running(), task); err != nil {
		return err
	}
	r.noted = task.ID
	return nil
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
