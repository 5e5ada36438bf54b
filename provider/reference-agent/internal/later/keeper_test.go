package later

import (
	"context"
	"encoding/json"
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
	"pulumi-kace/reference-agent/internal/tasks"
)

const patience = 60 * time.Second

var noon = time.Date(2026, 5, 5, 12, 0, 0, 0, time.UTC)

// world outlives the processes of an agent: a disk, a clock on the wall, and what ran.
type world struct {
	t     *testing.T
	at    layout.Layout
	mutex sync.Mutex
	now   time.Time
	ran   []string
	// texts are what the server hands out, by their check sums.
	texts map[string]string
	// hang keeps every script running until its agent ends.
	hang bool
}

// agent is one process.
type agent struct {
	*world
	keeper  *Keeper
	runner  *tasks.Runner
	updates tasks.Executor
	log     strings.Builder
}

func newWorld(t *testing.T) *world {
	return &world{t: t, at: layout.Layout{Root: t.TempDir()}, now: noon, texts: map[string]string{}}
}

func (w *world) clock() time.Time {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.now
}

func (w *world) set(now time.Time) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.now = now
}

func (w *world) scripts() []string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return slices.Clone(w.ran)
}

func (w *world) part(_ context.Context, _, sha256 string, _ int64) ([]byte, int64, error) {
	text, known := w.texts[sha256]
	if !known {
		return nil, 0, errors.New("the server does not hand it out")
	}
	return []byte(text), int64(len(text)), nil
}

// boot is a new process, which does nothing yet.
func (w *world) boot() *agent {
	a := &agent{world: w}
	log := slog.New(slog.NewTextHandler(&a.log, nil))
	a.keeper = New(w.at, w.clock, log, func(int) {})
	a.keeper.Belong("kace.example.com:8443")
	script := tasks.Func(func(ctx context.Context, task tasks.Task) (tasks.Result, error) {
		var payload struct{ Script string }
		if err := json.Unmarshal(task.Payload, &payload); err != nil {
			return tasks.Result{}, err
		}
		w.mutex.Lock()
		w.ran = append(w.ran, payload.Script)
		hangs := w.hang
		w.mutex.Unlock()
		if hangs {
			<-ctx.Done()
			return tasks.Result{}, ctx.Err()
		}
		return tasks.Result{Output: "said by " + payload.Script}, nil
	})
	a.updates = a.keeper.Updates(w.part, func() Runner { return a.runner })
	a.runner = tasks.New(w.at, map[string]tasks.Executor{tasks.TypeScriptForLater: a.keeper.Before(script), tasks.TypeScript: script},
		func() time.Duration { return 0 }, log)
	return a
}

// start has the process work; the returned function ends it.
func (a *agent) start() func() {
	ctx, cancel := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() { a.runner.Run(ctx) })
	working.Go(func() { a.keeper.Serve(ctx, a.runner) })
	stop := func() {
		cancel()
		working.Wait()
	}
	a.t.Cleanup(stop)
	return stop
}

// passes sets the clock, and has it seen as the next look would.
func (a *agent) passes(now time.Time) {
	a.set(now)
	signal(a.keeper.wake)
}

// hands a script out and names it.
func (w *world) script(id string, at time.Time) order {
	text := "run " + id
	w.texts[sumOf([]byte(text))] = text
	return order{ID: id, SHA256: sumOf([]byte(text)), At: at, LateSeconds: 3600, TimeoutSeconds: 60, Priority: 50}
}

func (a *agent) update(orders ...order) (tasks.Result, error) {
	a.t.Helper()
	payload, err := json.Marshal(map[string]any{"scripts": orders})
	if err != nil {
		a.t.Fatal(err)
	}
	return a.updates.Run(context.Background(), tasks.Task{ID: "update-1", Payload: payload})
}

func (a *agent) mustHold(orders ...order) {
	a.t.Helper()
	if _, err := a.update(orders...); err != nil {
		a.t.Fatal(err)
	}
}

// report waits until the end of a task is said.
func (a *agent) report(id string) protocol.TaskStatus {
	a.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		for _, one := range a.runner.Reports() {
			if one.ID == id && one.Status != protocol.TaskStarted {
				return one
			}
		}
	}
	a.t.Fatalf("nothing is said of %s: %+v", id, a.runner.Reports())
	return protocol.TaskStatus{}
}

func (w *world) files() []string {
	entries, err := os.ReadDir(w.at.ScriptsFolder())
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func (w *world) holds(names ...string) {
	w.t.Helper()
	if files := w.files(); !slices.Equal(files, names) {
		w.t.Errorf("%v are kept, not %v", files, names)
	}
}

func TestRunsAScriptAtItsTimeWithoutTheServer(t *testing.T) {
	w := newWorld(t)
	a := w.boot()
	result, err := a.update(w.script("one", noon.Add(time.Hour)), w.script("two", noon.Add(2*time.Hour)))
	if err != nil || result.Note != "2 held: 2 new, 0 dropped" {
		t.Fatalf("%+v %v", result, err)
	}
	info, err := os.Stat(a.keeper.store.path("one"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	a.start()
	a.passes(noon.Add(59 * time.Minute))
	a.passes(noon.Add(time.Hour))
	one := a.report("one")
	if one.Status != protocol.TaskCompleted || one.Output != "said by run one" || one.EndedAt != "2026-05-05T13:00:00Z" {
		t.Errorf("%+v", one)
	}
	w.holds("two.json")
	if ran := w.scripts(); !slices.Equal(ran, []string{"run one"}) {
		t.Errorf("%v", ran)
	}
}

func TestASecondUpdateBringsWhatIsNewAndDropsWhatIsGone(t *testing.T) {
	w := newWorld(t)
	a := w.boot()
	one, two := w.script("one", noon.Add(time.Hour)), w.script("two", noon.Add(time.Hour))
	a.mustHold(one)
	before := a.keeper.Hash()
	result, err := a.update(two)
	if err != nil || result.Note != "1 held: 1 new, 1 dropped" {
		t.Errorf("%+v %v", result, err)
	}
	w.holds("two.json")
	if a.keeper.Hash() == before || a.keeper.Hash() != hashOf([]string{"two"}) || hashOf([]string{"b", "a"}) != hashOf([]string{"a", "b"}) {
		t.Error("the hash does not stand for what is kept")
	}
	a.mustHold()
	w.holds()
	if a.keeper.Hash() != sumOf(nil) {
		t.Error("the hash of nothing is not the one of nothing")
	}
}

func TestRunsAScriptOnceWhereverItsAgentIsKilled(t *testing.T) {
	for name, one := range map[string]struct {
		// killed leaves on the disk what a process leaves that is killed there.
		killed func(a *agent)
		ran    []string
		note   string
	}{
		"before its time":                 {func(*agent) {}, []string{"run one"}, ""},
		"while it waits for its turn":     {func(a *agent) { a.passes(noon.Add(time.Hour)); a.keeper.look(a.runner) }, []string{"run one"}, ""},
		"before it is taken":              {func(a *agent) { a.leavesRunning() }, nil, "the agent ended while it ran"},
		"while it runs":                   {func(a *agent) { a.leavesRunning(); a.takes() }, nil, "the agent ended while it ran"},
		"before its end is tidied up":     {func(a *agent) { a.leavesEnd() }, nil, "as it was said"},
		"before the server heard of that": {func(a *agent) { a.leavesEnd(); a.takes() }, nil, "as it was said"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			first := w.boot()
			first.mustHold(w.script("one", noon.Add(time.Hour)))
			one.killed(first)
			w.set(noon.Add(time.Hour))
			for range 2 {
				a := w.boot()
				stop := a.start()
				if report := a.report("one"); report.Note != one.note {
					t.Errorf("%+v", report)
				}
				stop()
			}
			if ran := w.scripts(); !slices.Equal(ran, one.ran) {
				t.Errorf("%v ran", ran)
			}
			w.holds()
		})
	}
}

// leavesRunning is what the runner notes before a task begins.
func (a *agent) leavesRunning() {
	a.writes("running.json", tasks.Task{ID: "one", Type: tasks.TypeScriptForLater, Timeout: time.Minute, Payload: json.RawMessage(`{}`)})
}

func (a *agent) leavesEnd() {
	a.writes("one.ended.json", protocol.TaskStatus{Type: protocol.TypeTaskStatus, ID: "one", Status: protocol.TaskCompleted, Note: "as it was said"})
}

func (a *agent) takes() {
	a.t.Helper()
	if _, err := a.keeper.take("one"); err != nil {
		a.t.Fatal(err)
	}
}

func (a *agent) writes(name string, value any) {
	a.t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(a.at.TasksFolder(), 0o700), os.WriteFile(a.at.TasksFolder()+"/"+name, text, 0o600)); err != nil {
		a.t.Fatal(err)
	}
}

func TestAnAgentThatIsStoppedMidwayNeverRunsItAgain(t *testing.T) {
	w := newWorld(t)
	w.hang = true
	a := w.boot()
	a.mustHold(w.script("one", noon))
	stop := a.start()
	for deadline := time.Now().Add(patience); len(w.scripts()) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not begin")
		}
	}
	stop()
	again := w.boot()
	again.start()
	if report := again.report("one"); report.Status != protocol.TaskFailed || report.Note != "the agent was stopped while it ran" {
		t.Errorf("%+v", report)
	}
	again.mustHold(w.script("one", noon)) // as a server names it that has not heard of that
	if ran := w.scripts(); len(ran) != 1 {
		t.Errorf("%v ran", ran)
	}
	w.holds()
}

func TestWhatWasMissedRunsALittleLateOrIsReported(t *testing.T) {
	for name, one := range map[string]struct {
		late time.Duration
		note string
		ran  int
	}{
		"just in time":  {time.Hour, "", 1},
		"a second more": {time.Hour + time.Second, "missed: it was to run at 2026-05-05T13:00:00Z, and could not begin before 2026-05-05T14:00:01Z", 0},
		"a year later":  {365 * 24 * time.Hour, "missed: it was to run at 2026-05-05T13:00:00Z, and could not begin before 2027-05-05T13:00:00Z", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.boot().mustHold(w.script("one", noon.Add(time.Hour)))
			w.set(noon.Add(time.Hour + one.late))
			a := w.boot() // the machine was off meanwhile
			a.start()
			if report := a.report("one"); report.Note != one.note || (report.Status == protocol.TaskFailed) != (one.note != "") {
				t.Errorf("%+v", report)
			}
			a.keeper.count() // waits for what drops it after the report
			if ran := w.scripts(); len(ran) != one.ran {
				t.Errorf("%v ran", ran)
			}
			w.holds()
		})
	}
}

func TestAClockThatIsSetBackRunsNothingAgain(t *testing.T) {
	w := newWorld(t)
	a := w.boot()
	a.mustHold(w.script("one", noon.Add(time.Hour)), w.script("two", noon.Add(2*time.Hour)))
	a.start()
	a.passes(noon.Add(time.Hour))
	a.report("one")
	a.passes(noon.Add(-24 * time.Hour))
	a.passes(noon.Add(2 * time.Hour))
	a.report("two")
	if ran := w.scripts(); !slices.Equal(ran, []string{"run one", "run two"}) {
		t.Errorf("%v", ran)
	}
}

func TestWhatIsCalledBackDoesNotRun(t *testing.T) {
	w := newWorld(t)
	a := w.boot()
	a.mustHold(w.script("one", noon.Add(time.Hour)), w.script("queued", noon))
	a.keeper.look(a.runner) // "queued" waits for its turn
	for _, id := range []string{"one", "queued", "unheard"} {
		if err := a.keeper.Drop(id); err != nil {
			t.Error(err)
		}
	}
	a.start()
	a.passes(noon.Add(time.Hour))
	if report := a.report("queued"); report.Note != "it was called back before it began" {
		t.Errorf("%+v", report)
	}
	if ran := w.scripts(); len(ran) != 0 {
		t.Errorf("%v", ran)
	}
	w.holds()
}

func TestForgetsTheScriptsOfOtherServersAndThoseOfOneThatDisapproves(t *testing.T) {
	w := newWorld(t)
	a := w.boot()
	a.mustHold(w.script("one", noon.Add(time.Hour)))
	again := w.boot()
	w.holds("one.json")
	again.keeper.Belong("other.example.com:8443")
	w.holds()
	again.mustHold(w.script("two", noon.Add(time.Hour)))
	again.keeper.Clear("blocked")
	w.holds()
	var none *Keeper
	none.Belong("x")
	none.Clear("x")
	if err := none.Drop("x"); err != nil || none.Changed() != nil {
		t.Error("nothing changes in none")
	}
}

func TestDoesWhatItCanOfAnUpdateAndSaysTheRest(t *testing.T) {
	w := newWorld(t)
	a := w.boot()
	good := w.script("good", noon.Add(time.Hour))
	refused := order{ID: "refused", SHA256: sumOf([]byte("unheard")), At: noon, TimeoutSeconds: 1}
	other := w.script("other", noon)
	w.texts[other.SHA256] = "another text"
	long := strings.Repeat("x", maxScriptBytes+1)
	tooLong := order{ID: "long", SHA256: sumOf([]byte(long)), At: noon, TimeoutSeconds: 1}
	w.texts[tooLong.SHA256] = long
	timeless := w.script("timeless", time.Time{})
	outside := w.script("../outside", noon)
	_, err := a.update(refused, other, tooLong, timeless, outside, good)
	for _, part := range []string{"refused", "other is not the one", "long is not the one", "timeless has no time", "no id"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not said: %v", part, err)
		}
	}
	w.holds("good.json")
	many := []order{}
	for number := range MaxHeld + 1 {
		many = append(many, w.script(fmt.Sprintf("script-%d", number), noon.Add(time.Hour)))
	}
	if _, err := a.update(many...); err == nil || !strings.Contains(err.Error(), "51 scripts are more than the 50") {
		t.Errorf("%v", err)
	}
	w.holds("good.json")
	if _, err := a.updates.Run(context.Background(), tasks.Task{Payload: json.RawMessage(`[]`)}); err == nil {
		t.Error("what is no update is none")
	}
}

func TestDamagedFilesAreSaidAndTakenAway(t *testing.T) {
	w := newWorld(t)
	a := w.boot()
	a.mustHold(w.script("good", noon.Add(time.Hour)), w.script("bad", noon.Add(time.Hour)))
	path := a.keeper.store.path("bad")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string]string{
		"bad.json":      strings.Replace(string(text), "run bad", "rm -rf /", 1),
		"other.json":    string(text),
		"half.json":     string(text[:len(text)/2]),
		"good.json.new": "",
	} {
		if err := os.WriteFile(w.at.ScriptsFolder()+"/"+name, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := w.boot()
	w.holds("good.json")
	for _, said := range []string{"bad.json: its check sum", "other.json: it is of another script", "half.json"} {
		if !strings.Contains(again.log.String(), said) {
			t.Errorf("the log does not say %q:\n%s", said, again.log.String())
		}
	}
}
