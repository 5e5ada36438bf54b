package later

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/tasks"
)

// inTheWay puts something where a file is to be, which can neither be replaced nor deleted; the returned function takes
// it away.
func (w *world) inTheWay(path string) func() {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Join(path, "something"), 0o700); err != nil {
		w.t.Fatal(err)
	}
	return func() {
		if err := os.RemoveAll(path); err != nil {
			w.t.Error(err)
		}
	}
}

// full has the disk take neither that a task begins nor what became of these, as where it is full; files can still be
// deleted. The returned function makes room again.
func (w *world) full(ids ...string) func() {
	w.t.Helper()
	rooms := []func(){w.inTheWay(filepath.Join(w.at.TasksFolder(), "running.json.new"))}
	for _, id := range ids {
		rooms = append(rooms, w.inTheWay(filepath.Join(w.at.TasksFolder(), id+".ended.json.new")))
	}
	return func() {
		for _, makeRoom := range rooms {
			makeRoom()
		}
	}
}

// stuck has a script that cannot be taken off the disk, as where that is read-only; the returned function ends that.
func (w *world) stuck(id string) func() {
	w.t.Helper()
	path := store{w.at}.path(id)
	if err := os.Rename(path, path+".aside"); err != nil {
		w.t.Fatal(err)
	}
	takeAway := w.inTheWay(path)
	return func() {
		takeAway()
		if err := os.Rename(path+".aside", path); err != nil {
			w.t.Error(err)
		}
	}
}

// says whether the end of a task is said.
func (a *agent) says(id string) bool {
	return slices.ContainsFunc(a.runner.Reports(), func(one protocol.TaskStatus) bool {
		return one.ID == id && one.Status != protocol.TaskStarted
	})
}

func TestAScriptThatFailedOnAFullDiskNeverRunsAfterwards(t *testing.T) {
	for name, one := range map[string]struct {
		// before the agent ends, in this order
		received, hasRoom bool
	}{
		"the server may have heard of it":                   {false, false},
		"the server may have heard of it, and room is made": {false, true},
		"the server has heard of it":                        {true, false},
		"the server has heard of it, and room is made":      {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.boot()
			a.mustHold(w.script("one", noon.Add(time.Hour)), w.script("two", noon.Add(90*time.Minute)))
			makeRoom := w.full("one")
			stop := a.start()
			a.passes(noon.Add(time.Hour))
			if report := a.report("one"); report.Status != protocol.TaskFailed || !strings.Contains(report.Note, "cannot note that it runs") {
				t.Errorf("%+v", report)
			}
			if one.received {
				a.runner.Received("one")
			}
			if one.hasRoom {
				makeRoom()
			}
			stop()
			makeRoom()
			again := w.boot()
			again.start()
			again.passes(noon.Add(90 * time.Minute))
			again.report("two")
			if ran := w.scripts(); !slices.Equal(ran, []string{"run two"}) {
				t.Errorf("%v ran", ran)
			}
		})
	}
}

func TestAScriptThatStaysOnTheDiskIsNotSaidToHaveFailedAndRunsOnce(t *testing.T) {
	for name, isFull := range map[string]bool{"it cannot be noted either": true, "it can be noted": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.boot()
			later := w.script("later", noon.Add(time.Hour))
			later.Priority = 90
			a.mustHold(w.script("one", noon.Add(time.Hour)), later)
			release, makeRoom := w.stuck("one"), func() {}
			if isFull {
				makeRoom = w.full()
			}
			a.start()
			a.passes(noon.Add(time.Hour))
			a.report("later")
			if a.says("one") {
				t.Errorf("%+v", a.runner.Reports())
			}
			release()
			makeRoom()
			a.passes(noon.Add(61 * time.Minute))
			if report := a.report("one"); report.Status != protocol.TaskCompleted {
				t.Errorf("%+v", report)
			}
			if ran := w.scripts(); !slices.Contains(ran, "run one") || len(slices.Compact(slices.Sorted(slices.Values(ran)))) != len(ran) {
				t.Errorf("%v ran", ran)
			}
			w.holds()
		})
	}
}

func TestAScriptThatStaysOnTheDiskIsNotSaidToHaveBeenCutOff(t *testing.T) {
	w := newWorld(t)
	first := w.boot()
	first.mustHold(w.script("one", noon.Add(time.Hour)))
	first.leavesRunning()
	w.set(noon.Add(time.Hour))
	a := w.boot()
	release := w.stuck("one")
	stop := a.start()
	a.runner.Add(tasks.Task{ID: "next", Type: tasks.TypeScript, Timeout: time.Minute, Payload: json.RawMessage(`{}`)})
	a.report("next")
	stop()
	if a.says("one") {
		t.Errorf("%+v", a.runner.Reports())
	}
	release()
	again := w.boot()
	again.start()
	again.report("one")
	if ran := w.scripts(); !slices.Equal(ran, []string{"", "run one"}) {
		t.Errorf("%q ran", ran)
	}
	w.holds()
}

func TestAScriptIsNotSaidToHaveFailedForManyOthersThatWait(t *testing.T) {
	w := newWorld(t)
	a := w.boot()
	a.mustHold(w.script("one", noon))
	for number := 0; !a.says(fmt.Sprintf("task-%d", number-1)); number++ {
		a.runner.Add(tasks.Task{ID: fmt.Sprintf("task-%d", number), Type: tasks.TypeScript, Timeout: time.Minute})
	}
	a.keeper.look(a.runner)
	if a.says("one") {
		t.Errorf("%+v", a.runner.Reports())
	}
	w.holds("one.json")
}
