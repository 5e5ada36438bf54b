package tasks

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/protocol"
)

// full has the disk take no report of this task, as where it is full; the returned function makes room again.
func (b *bench) full(id string) func() {
	b.t.Helper()
	inTheWay := b.store.ended(id) + ".new"
	if err := os.MkdirAll(filepath.Join(inTheWay, "something"), 0o700); err != nil {
		b.t.Fatal(err)
	}
	return func() {
		if err := os.RemoveAll(inTheWay); err != nil {
			b.t.Error(err)
		}
	}
}

// fullAfter runs a task whose report the disk does not take.
func fullAfter(t *testing.T, b *bench, id string) func() {
	t.Helper()
	makeRoom := b.full(id)
	b.Add(task(id, 1))
	b.entered()
	b.leave <- nil
	b.report(id, protocol.TaskCompleted)
	return makeRoom
}

// untilKept waits until the report of a task is on the disk, and the note that it runs is not.
func (b *bench) untilKept(id string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		_, noReport := os.Stat(b.store.ended(id))
		if _, err := os.Stat(b.store.running()); noReport == nil && errors.Is(err, os.ErrNotExist) {
			return
		}
	}
	b.t.Fatalf("what became of %s is never kept", id)
}

func TestATaskWhoseReportCouldNotBeKeptWasCutOffAndNeverRunsAgain(t *testing.T) {
	at := rootOf(t)
	b := newBench(t, at)
	stop := b.start()
	makeRoom := fullAfter(t, b, "one")
	stop()
	makeRoom()
	// The server, which has not heard of it, gives it again.
	again := newBench(t, at)
	if !again.Seen("one") {
		t.Error("it is not known that it began")
	}
	again.start()
	again.Add(task("one", 1))
	if ended := again.report("one", protocol.TaskFailed); ended.Note != "the agent ended while it ran" {
		t.Errorf("%+v", ended)
	}
	if len(again.begun()) != 0 {
		t.Errorf("%v ran again", again.begun())
	}
	again.untilKept("one")
}

func TestTriesAgainToKeepAReport(t *testing.T) {
	for name, act := range map[string]func(b *bench, stop func()){
		"after a while":   func(*bench, func()) {},
		"when it stops":   func(_ *bench, stop func()) { stop() },
		"before the next": func(b *bench, _ func()) { b.Add(task("next", 1)); b.entered(); b.leave <- nil },
	} {
		t.Run(name, func(t *testing.T) {
			at := rootOf(t)
			b := newBench(t, at)
			b.again = time.Hour
			if name == "after a while" {
				b.again = 10 * time.Millisecond
			}
			stop := b.start()
			fullAfter(t, b, "one")()
			act(b, stop)
			b.untilKept("one")
			if reports := newBench(t, at).Reports(); len(reports) == 0 || reports[0].Status != protocol.TaskCompleted {
				t.Errorf("%+v", reports)
			}
		})
	}
}

func TestBeginsNothingThatWouldTakeThePlaceOfAReport(t *testing.T) {
	at := rootOf(t)
	b := newBench(t, at)
	b.again = time.Hour
	b.start()
	makeRoom := fullAfter(t, b, "one")
	defer makeRoom()
	b.Add(task("two", 1))
	b.report("two", protocol.TaskFailed)
	if cut, err := b.store.peek(); err != nil || cut == nil || cut.ID != "one" {
		t.Errorf("the disk says that %+v runs: %v", cut, err)
	}
	// Once the server has it, the disk need not.
	b.Received("one")
	if cut, err := b.store.peek(); err != nil || cut != nil {
		t.Errorf("the disk says that %+v runs: %v", cut, err)
	}
	b.Add(task("three", 1))
	if began := b.entered(); began.ID != "three" {
		t.Errorf("%s began", began.ID)
	}
}
