package tasks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/protocol"
)

const patience = 60 * time.Second

// bench is a runner below a folder of the test, whose one executor does what the test says.
type bench struct {
	*Runner
	t     *testing.T
	at    layout.Layout
	mutex sync.Mutex
	ran   []string
	// enter is told of every task that begins, and go on when something is sent to leave.
	enter chan Task
	leave chan error
}

type resumable struct{ *bench }

func (b *bench) do(ctx context.Context, task Task) (Result, error) {
	b.mutex.Lock()
	b.ran = append(b.ran, task.ID)
	b.mutex.Unlock()
	b.enter <- task
	select {
	case err := <-b.leave:
		return Result{Output: "said by " + task.ID}, err
	case <-ctx.Done():
		return Result{Output: "half"}, ctx.Err()
	}
}

func (r resumable) Run(ctx context.Context, task Task) (Result, error) { return r.do(ctx, task) }

func (r resumable) Resume(ctx context.Context, task Task) (Result, error) {
	task.ID = "again " + task.ID
	return r.do(ctx, task)
}

// begun are the ids of all that ran.
func (b *bench) begun() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return slices.Clone(b.ran)
}

func newBench(t *testing.T, at layout.Layout) *bench {
	t.Helper()
	b := &bench{t: t, at: at, enter: make(chan Task, 10), leave: make(chan error, 10)}
	executors := map[string]Executor{TypeScript: Func(b.do), TypeSelfUpdate: resumable{b}}
	b.Runner = New(at, executors, func() time.Duration { return 0 }, slog.New(slog.DiscardHandler))
	return b
}

// start runs it; the returned function stops it and waits for its end.
func (b *bench) start() func() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.Run(ctx)
	}()
	stop := func() {
		cancel()
		<-ended
	}
	b.t.Cleanup(stop)
	return stop
}

func (b *bench) entered() Task {
	b.t.Helper()
	select {
	case task := <-b.enter:
		return task
	case <-time.After(patience):
		b.t.Fatal("no task began")
		return Task{}
	}
}

// report waits until this is said of a task.
func (b *bench) report(id, status string) protocol.TaskStatus {
	b.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		for _, one := range b.Reports() {
			if one.ID == id && one.Status == status {
				return one
			}
		}
	}
	b.t.Fatalf("%s is never %s: %+v", id, status, b.Reports())
	return protocol.TaskStatus{}
}

func task(id string, priority int) Task {
	return Task{ID: id, Type: TypeScript, Priority: priority, Timeout: time.Hour, Payload: []byte(`{}`)}
}

func rootOf(t *testing.T) layout.Layout { return layout.Layout{Root: t.TempDir()} }

func TestWorksByRankAndAgeOneAtATime(t *testing.T) {
	b := newBench(t, rootOf(t))
	for _, one := range []Task{task("slow", 50), task("later", 50), task("first", 10), task("last", 90)} {
		b.Add(one)
	}
	b.start()
	for _, id := range []string{"first", "slow", "later", "last"} {
		if got := b.entered(); got.ID != id {
			t.Fatalf("%s began, not %s", got.ID, id)
		}
		b.report(id, protocol.TaskStarted)
		b.leave <- nil
		if ended := b.report(id, protocol.TaskCompleted); ended.Output != "said by "+id || ended.RunMs == nil {
			t.Errorf("%+v", ended)
		}
	}
}

func TestRunsATaskOnceHoweverOftenItComes(t *testing.T) {
	b := newBench(t, rootOf(t))
	b.start()
	b.Add(task("one", 1))
	b.entered()
	b.Add(task("one", 1))
	b.leave <- errors.New("exit code 3")
	if ended := b.report("one", protocol.TaskFailed); ended.Note != "exit code 3" {
		t.Errorf("%+v", ended)
	}
	b.Add(task("one", 1))
	b.Received("one")
	b.Add(task("one", 1))
	b.Add(task("two", 1))
	b.entered()
	b.leave <- nil
	b.report("two", protocol.TaskCompleted)
	if !slices.Equal(b.begun(), []string{"one", "two"}) || len(b.Reports()) != 1 {
		t.Errorf("%v %+v", b.begun(), b.Reports())
	}
}

func TestEndsATaskWhoseTimeIsUp(t *testing.T) {
	b := newBench(t, rootOf(t))
	b.start()
	hurried := task("hurried", 1)
	hurried.Timeout = time.Millisecond
	b.Add(hurried)
	if ended := b.report("hurried", protocol.TaskTimedOut); ended.Note != "ended after 1ms" || ended.Output != "half" {
		t.Errorf("%+v", ended)
	}
}

func TestSaysOfATaskWhetherItWasBegun(t *testing.T) {
	for _, test := range []struct {
		err, cause error
		status     string
		notBegun   bool
	}{
		{fmt.Errorf("%w: others are at work", ErrNotBegun), nil, protocol.TaskFailed, true},
		{fmt.Errorf("%w: others are at work", ErrNotBegun), ErrTimeUp, protocol.TaskFailed, true},
		{errors.New("no"), ErrTimeUp, protocol.TaskTimedOut, false},
		{errors.New("no"), nil, protocol.TaskFailed, false},
		{nil, nil, protocol.TaskCompleted, false},
	} {
		report := reportOf(Task{ID: "t"}, Result{}, test.err, test.cause, 0)
		if report.Status != test.status || report.NotBegun != test.notBegun {
			t.Errorf("of %v it says %+v", test.err, report)
		}
	}
}

func TestIsCalledBack(t *testing.T) {
	b := newBench(t, rootOf(t))
	b.start()
	b.Add(task("running", 1))
	b.entered()
	b.Add(task("waiting", 1))
	for _, one := range []struct{ id, note string }{
		{"waiting", "it was called back before it began"}, {"unheard", "it was called back before it began"}, {"running", "it was called back"},
	} {
		b.Cancel(one.id)
		if ended := b.report(one.id, protocol.TaskFailed); ended.Note != one.note {
			t.Errorf("%s: %+v", one.id, ended)
		}
	}
	before := len(b.Reports())
	b.Cancel("running")
	b.Add(task("unheard", 1))
	if len(b.Reports()) != before || !slices.Equal(b.begun(), []string{"running"}) {
		t.Errorf("%v %+v", b.begun(), b.Reports())
	}
}

func TestSaysOfATypeThatItIsNotKnown(t *testing.T) {
	b := newBench(t, rootOf(t))
	b.Add(Task{ID: "odd", Type: "of-a-later-server"})
	b.Add(Task{ID: "../odd", Type: TypeScript})
	if reports := b.Reports(); len(reports) != 1 || reports[0].Note != "this agent does not know tasks of type of-a-later-server" {
		t.Errorf("%+v", reports)
	}
}

func TestKeepsHowTasksEndedUntilTheServerHasReceivedIt(t *testing.T) {
	at := rootOf(t)
	b := newBench(t, at)
	stop := b.start()
	for _, id := range []string{"one", "two"} {
		b.Add(task(id, 1))
		b.entered()
		b.leave <- nil
		b.report(id, protocol.TaskCompleted)
	}
	stop()
	b.Received("one")
	again := newBench(t, at)
	if reports := again.Reports(); len(reports) != 1 || reports[0].ID != "two" || reports[0].Output != "said by two" {
		t.Errorf("%+v", reports)
	}
	again.Received("two")
	again.Received("unknown")
	if reports := newBench(t, at).Reports(); len(reports) != 0 {
		t.Errorf("%+v", reports)
	}
}

func TestSaysThatATaskWasCutOff(t *testing.T) {
	at := rootOf(t)
	killed := newBench(t, at)
	// What a process leaves that is killed while it works.
	if err := killed.store.keep(killed.store.running(), task("cut", 1)); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, at)
	b.start()
	if ended := b.report("cut", protocol.TaskFailed); ended.Note != "the agent ended while it ran" {
		t.Errorf("%+v", ended)
	}
	b.Add(task("cut", 1))
	b.Add(task("next", 1))
	if began := b.entered(); began.ID != "next" {
		t.Errorf("%s began again", began.ID)
	}
	if _, err := os.Stat(b.store.ended("cut")); err != nil {
		t.Error(err)
	}
}

func TestATaskThatTheAgentsStopEndsHasFailed(t *testing.T) {
	at := rootOf(t)
	b := newBench(t, at)
	stop := b.start()
	b.Add(task("one", 1))
	b.entered()
	stop()
	reports := newBench(t, at).Reports()
	if len(reports) != 1 || reports[0].Note != "the agent was stopped while it ran" {
		t.Errorf("%+v", reports)
	}
}

func TestGoesOnWithATaskThatOutlivesTheAgent(t *testing.T) {
	at := rootOf(t)
	b := newBench(t, at)
	stop := b.start()
	update := task("update", 1)
	update.Type = TypeSelfUpdate
	b.Add(update)
	b.entered()
	stop()
	if reports := b.Reports(); len(reports) != 0 {
		t.Errorf("%+v", reports)
	}
	again := newBench(t, at)
	again.start()
	if began := again.entered(); began.ID != "again update" {
		t.Errorf("%s began", began.ID)
	}
	again.report("update", protocol.TaskStarted)
	again.leave <- nil
	again.report("update", protocol.TaskCompleted)
}

func TestDoesNotBeginWhatItCannotNote(t *testing.T) {
	at := rootOf(t)
	// A file where the folder should be stands for a disk that takes nothing.
	if err := os.MkdirAll(at.StateFolder(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at.TasksFolder(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	b := newBench(t, at)
	b.log = slog.New(slog.NewTextHandler(&log, nil))
	b.start()
	b.Add(task("one", 1))
	if ended := b.report("one", protocol.TaskFailed); !strings.Contains(ended.Note, "cannot note that it runs") {
		t.Errorf("%+v", ended)
	}
	if len(b.begun()) != 0 {
		t.Errorf("%v ran", b.begun())
	}
}

func TestDamagedFilesAreSaidAndTakenAway(t *testing.T) {
	at := rootOf(t)
	before := newBench(t, at)
	if err := before.store.keep(before.store.ended("good"), failed(task("good", 1), "why")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{before.store.running(), before.store.ended("half"), before.store.ended("other")} {
		text := `{"id":"good"}`
		if strings.Contains(path, "half") || strings.Contains(path, "running") {
			text = `{"id":`
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	b := New(at, map[string]Executor{}, func() time.Duration { return 0 }, slog.New(slog.NewTextHandler(&log, nil)))
	if reports := b.Reports(); len(reports) != 1 || reports[0].ID != "good" {
		t.Errorf("%+v", reports)
	}
	if !strings.Contains(log.String(), "half.ended.json") || !strings.Contains(log.String(), "is of no task") {
		t.Errorf("%s", log.String())
	}
	if cut, err := b.store.cutOff(); cut != nil || err == nil {
		t.Errorf("%+v %v", cut, err)
	}
	if cut, err := b.store.cutOff(); cut != nil || err != nil {
		t.Errorf("%+v %v", cut, err)
	}
}

func TestSendsNothingThatHarms(t *testing.T) {
	for given, want := range map[string]string{
		"Grüße\n\tund\r": "Grüße\n\tund\r", "a\x1b[2Jb\x00": "a\uFFFD[2Jb\uFFFD", "\xff\xfe": "\uFFFD\uFFFD", "\u0085": "\uFFFD",
	} {
		if got, cut := harmless(given, 100); got != want || cut {
			t.Errorf("%q became %q", given, got)
		}
	}
	if got, cut := harmless(strings.Repeat("\xff", 100), 100); len(got) > 100 || !cut {
		t.Errorf("%d bytes", len(got))
	}
}
