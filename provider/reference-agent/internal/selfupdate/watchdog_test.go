package selfupdate

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/machinelock"
)

// fakeWorld is a machine of the test: its clock goes on only when the watchdog rests.
type fakeWorld struct {
	now time.Duration
	// running is what each installed thing (a package's path, or "files") makes of the agent; absent: it exits at once.
	running map[string]sight
	// failing are packages whose installation fails.
	failing map[string]error
	// cut ends the watchdog at the n-th installation, as a reboot does; 0: never.
	cut       int
	end       context.CancelFunc
	installed string
	installs  []string
	restarts  int
	retired   int
	// installing and resting are told of what they are called.
	installing, resting func()
	// others has the machine's lock, as long as it is said; locked counts who of ours has it.
	others *machinelock.Held
	locked int
	// meanwhile is the version that somebody else has installed.
	meanwhile string
	// note is the last that a configuration's run left.
	note string
}

func (w *fakeWorld) take(string) (func() error, error) {
	if w.others != nil {
		return nil, w.others
	}
	w.locked++
	return func() error { w.locked--; return nil }, nil
}
func (w *fakeWorld) program(context.Context) string {
	switch {
	case w.meanwhile != "":
		return w.meanwhile
	case w.installed == "":
		return "1.4.2"
	}
	return w.running[w.installed].version
}
func (w *fakeWorld) receipt() (string, error) { return w.note, nil }

func (w *fakeWorld) install(_ context.Context, _, file string) error {
	w.installs = append(w.installs, file)
	if w.installing != nil {
		w.installing()
	}
	if len(w.installs) == w.cut {
		w.end()
		return errors.New("killed")
	}
	if err := w.failing[file]; err != nil {
		return err
	}
	w.installed = file
	return nil
}
func (w *fakeWorld) putBackFiles() error {
	w.installs = append(w.installs, "files")
	w.installed = "files"
	return nil
}
func (w *fakeWorld) restartAgent(context.Context) error { w.restarts++; return nil }
func (w *fakeWorld) look() (sight, error)               { return w.running[w.installed], nil }
func (w *fakeWorld) elapsed() time.Duration             { return w.now }
func (w *fakeWorld) rest(_ context.Context, length time.Duration) {
	w.now += length
	if w.resting != nil {
		w.resting()
	}
}
func (w *fakeWorld) retire(context.Context) error { w.retired++; return nil }

const task = "task-1"

// begun is an update handed to the watchdog.
func begun(t *testing.T) (folder, State) {
	t.Helper()
	where := folder{layout.Layout{Root: t.TempDir()}}
	if err := where.make(); err != nil {
		t.Fatal(err)
	}
	state := State{
		TaskID: task, Phase: PhaseActivating, From: "1.4.2", To: "1.5.0", Format: FormatDeb,
		New: where.path("staged-new.deb"), Old: where.path("kept-1.4.2.deb"), ConfirmSeconds: 60,
	}
	for _, path := range []string{state.New, state.Old, where.path("left-by-others")} {
		if err := os.WriteFile(path, []byte(path), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := where.writeState(state); err != nil {
		t.Fatal(err)
	}
	return where, state
}

func carryOut(t *testing.T, where folder, world *fakeWorld) error {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	world.end = cancel
	return watchdog{folder: where, world: world, log: slog.New(slog.DiscardHandler)}.carryOut(ctx)
}

func outcomeOf(t *testing.T, where folder) Outcome {
	t.Helper()
	outcome, err := where.readOutcome()
	if err != nil || outcome == nil {
		t.Fatalf("there is no outcome: %v", err)
	}
	return *outcome
}

func names(t *testing.T, where folder) string {
	t.Helper()
	entries, err := os.ReadDir(where.path(""))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return strings.Join(all, " ")
}

func TestNewAgentThatIsWelcomedStays(t *testing.T) {
	where, state := begun(t)
	world := &fakeWorld{running: map[string]sight{state.New: {pid: 7, version: "1.5.0", connected: true}}}
	if err := carryOut(t, where, world); err != nil {
		t.Fatal(err)
	}
	if outcome := outcomeOf(t, where); outcome != (Outcome{TaskID: task, Result: Updated, From: "1.4.2", To: "1.5.0"}) {
		t.Errorf("the outcome is %+v", outcome)
	}
	if left := names(t, where); left != "kept-1.5.0.deb outcome.json" {
		t.Errorf("what is left: %s", left)
	}
	if world.retired != 1 || world.restarts != 0 {
		t.Errorf("retired %d times, restarted the agent %d times", world.retired, world.restarts)
	}
}

func TestOldVersionIsPutBackWhere(t *testing.T) {
	old := sight{pid: 9, version: "1.4.2"}
	for name, test := range map[string]struct {
		broken  sight
		failing error
		reason  string
	}{
		"the new program exits at once": {sight{}, nil, "it did not start up"},
		"the new agent never connects": {
			sight{pid: 7, version: "1.5.0", lastError: "connection refused"}, nil, "not connected: connection refused",
		},
		"another version runs than was installed": {sight{pid: 7, version: "1.4.9", connected: true}, nil, "the running agent is 1.4.9"},
		"the package cannot be installed":         {sight{}, errors.New("dpkg: exit status 1: no"), "could not be installed: dpkg: exit status 1: no"},
	} {
		t.Run(name, func(t *testing.T) {
			where, state := begun(t)
			world := &fakeWorld{
				running: map[string]sight{state.New: test.broken, state.Old: old},
				failing: map[string]error{state.New: test.failing},
			}
			if err := carryOut(t, where, world); err != nil {
				t.Fatal(err)
			}
			outcome := outcomeOf(t, where)
			if outcome.Result != RolledBack || !strings.Contains(outcome.Reason, test.reason) {
				t.Errorf("the outcome is %+v", outcome)
			}
			if world.installed != state.Old || world.restarts != 1 {
				t.Errorf("%s is installed, %d restarts", world.installed, world.restarts)
			}
			if left := names(t, where); left != "kept-1.4.2.deb outcome.json" {
				t.Errorf("what is left: %s", left)
			}
		})
	}
}

func TestOneThatIsWelcomedAndDiesIsPutBack(t *testing.T) {
	where, state := begun(t)
	// Each look finds another process of it.
	world := &restless{fakeWorld{running: map[string]sight{
		state.New: {version: "1.5.0", connected: true}, state.Old: {pid: 9, version: "1.4.2"},
	}}, state.New}
	err := watchdog{folder: where, world: world, log: slog.New(slog.DiscardHandler)}.carryOut(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if outcome := outcomeOf(t, where); outcome.Result != RolledBack {
		t.Errorf("the outcome is %+v", outcome)
	}
}

// restless gives the agent of one package another process at every look.
type restless struct {
	fakeWorld
	of string
}

func (w *restless) look() (sight, error) {
	seen, err := w.fakeWorld.look()
	if w.installed == w.of {
		seen.pid = 100 + int(w.now/lookEvery)
	}
	return seen, err
}

func TestFilesArePutBackWhereThereIsNoOldPackage(t *testing.T) {
	where, state := begun(t)
	if err := os.Remove(state.Old); err != nil {
		t.Fatal(err)
	}
	state.Old = ""
	if err := where.writeState(state); err != nil {
		t.Fatal(err)
	}
	world := &fakeWorld{running: map[string]sight{"files": {pid: 9, version: "1.4.2"}}}
	if err := carryOut(t, where, world); err != nil {
		t.Fatal(err)
	}
	if outcome := outcomeOf(t, where); outcome.Result != RolledBack || !strings.Contains(outcome.Reason, "the package tool still names 1.5.0") {
		t.Errorf("the outcome is %+v", outcome)
	}
}

func TestOldPackageThatIsBrokenTooGivesWayToItsFiles(t *testing.T) {
	where, state := begun(t)
	world := &fakeWorld{running: map[string]sight{"files": {pid: 9, version: "1.4.2"}}}
	if err := carryOut(t, where, world); err != nil {
		t.Fatal(err)
	}
	if outcome := outcomeOf(t, where); outcome.Result != RolledBack {
		t.Errorf("the outcome is %+v", outcome)
	}
	if got := strings.Join(world.installs, " "); got != strings.Join([]string{state.New, state.Old, "files"}, " ") {
		t.Errorf("installed %s", got)
	}
}

// block keeps a file from being replaced, as a full disk does.
func block(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path+".new/full", 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestGoesBackThoughItCannotNoteIt(t *testing.T) {
	where, state := begun(t)
	world := &fakeWorld{running: map[string]sight{state.Old: {pid: 9, version: "1.4.2"}}, failing: map[string]error{state.New: errors.New("no space")}}
	world.installing = func() { block(t, where.state()) }
	if err := carryOut(t, where, world); err != nil {
		t.Fatal(err)
	}
	if outcome := outcomeOf(t, where); outcome.Result != RolledBack || world.installed != state.Old {
		t.Errorf("the outcome is %+v, %s is installed", outcome, world.installed)
	}
}

func TestKeepsItsOutcomeOnceThereIsRoom(t *testing.T) {
	where, state := begun(t)
	world := &fakeWorld{running: map[string]sight{state.New: {pid: 7, version: "1.5.0", connected: true}}}
	block(t, where.outcome())
	world.resting = func() {
		if world.now > time.Minute {
			if err := os.RemoveAll(where.outcome() + ".new"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := carryOut(t, where, world); err != nil {
		t.Fatal(err)
	}
	if outcome := outcomeOf(t, where); outcome.Result != Updated || len(world.installs) != 1 {
		t.Errorf("the outcome is %+v after %d installations", outcome, len(world.installs))
	}
}

func TestNothingThatRunsIsSaidSo(t *testing.T) {
	where, _ := begun(t)
	world := &fakeWorld{}
	if err := carryOut(t, where, world); err != nil {
		t.Fatal(err)
	}
	if outcome := outcomeOf(t, where); outcome.Result != Lost || !strings.Contains(outcome.Note(), "neither 1.5.0 nor 1.4.2 runs") {
		t.Errorf("the outcome is %+v", outcome)
	}
}

func TestCutOffInTheMiddleItGoesOn(t *testing.T) {
	for _, phase := range []string{"installing the new one", "putting back the old one"} {
		t.Run(phase, func(t *testing.T) {
			where, state := begun(t)
			world := &fakeWorld{cut: 1, running: map[string]sight{state.Old: {pid: 9, version: "1.4.2"}}}
			wanted := RolledBack
			if phase == "installing the new one" {
				world.running[state.New] = sight{pid: 7, version: "1.5.0", connected: true}
				wanted = Updated
			} else {
				world.cut = 2
			}
			if err := carryOut(t, where, world); !errors.Is(err, context.Canceled) {
				t.Fatalf("a watchdog that was cut off says %v", err)
			}
			if outcome, err := where.readOutcome(); outcome != nil || err != nil {
				t.Fatalf("there is an outcome already: %+v, %v", outcome, err)
			}
			world.cut = 0
			if err := carryOut(t, where, world); err != nil {
				t.Fatal(err)
			}
			if outcome := outcomeOf(t, where); outcome.Result != wanted {
				t.Errorf("the outcome is %+v", outcome)
			}
		})
	}
}

func TestPackageThatBringsTheMachineDownEachTimeIsGivenUp(t *testing.T) {
	where, state := begun(t)
	world := &fakeWorld{running: map[string]sight{state.Old: {pid: 9, version: "1.4.2"}}}
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		world.cut = attempt
		if err := carryOut(t, where, world); !errors.Is(err, context.Canceled) {
			t.Fatalf("attempt %d says %v", attempt, err)
		}
	}
	world.cut = 0
	if err := carryOut(t, where, world); err != nil {
		t.Fatal(err)
	}
	if outcome := outcomeOf(t, where); outcome.Result != RolledBack || !strings.Contains(outcome.Reason, "interrupted 3 times") {
		t.Errorf("the outcome is %+v", outcome)
	}
	if len(world.installs) != maxAttempts+1 {
		t.Errorf("installed %v", world.installs)
	}
}

func TestCutOffAfterItsOutcomeItOnlyClearsUp(t *testing.T) {
	where, state := begun(t)
	outcome := Outcome{TaskID: task, Result: Updated, From: "1.4.2", To: "1.5.0"}
	if err := where.writeOutcome(outcome); err != nil {
		t.Fatal(err)
	}
	world := &fakeWorld{}
	if err := carryOut(t, where, world); err != nil {
		t.Fatal(err)
	}
	if len(world.installs) != 0 || world.retired != 1 || outcomeOf(t, where) != outcome {
		t.Errorf("installed %v, retired %d times", world.installs, world.retired)
	}
	if left := names(t, where); left != "kept-1.5.0.deb outcome.json" {
		t.Errorf("what is left: %s", left)
	}
	// And once more, after the state is gone too.
	if err := carryOut(t, where, world); err != nil || world.retired != 2 {
		t.Errorf("without a state: %v, retired %d times", err, world.retired)
	}
	if left := names(t, where); left != "kept-1.5.0.deb outcome.json" {
		t.Errorf("what is left: %s (of %s)", left, state.TaskID)
	}
}
