package selfupdate

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/machinelock"
)

// aRun is a configuration's run that works on the machine.
var aRun = &machinelock.Held{Run: "run-1", Owner: "urn%3Aweb"}

// leavesAfter lets the run on the machine end when the watchdog has waited so long; `doing` is what it did last.
func (w *fakeWorld) leavesAfter(length time.Duration, doing func()) {
	w.others = aRun
	w.resting = func() {
		if w.others != nil && w.now >= length {
			doing()
			w.others = nil
		}
	}
}

// newAgentComesBack is a machine on which the update goes well.
func newAgentComesBack(state State) *fakeWorld {
	return &fakeWorld{note: "note-1", running: map[string]sight{
		state.New: {pid: 7, version: "1.5.0", connected: true}, state.Old: {pid: 9, version: "1.4.2"},
	}}
}

// handedOver is an update of which it is known what a run had left before.
func handedOver(t *testing.T, phase string, attempts int) (folder, State) {
	t.Helper()
	where, state := begun(t)
	state.Receipt, state.Phase, state.Attempts = "note-1", phase, attempts
	must(t, where.writeState(state))
	return where, state
}

func TestKeepsRunsOffWhileItWorksAndNotAfterwards(t *testing.T) {
	for name, failing := range map[string]error{"an update that goes well": nil, "one that is taken back": errors.New("no")} {
		t.Run(name, func(t *testing.T) {
			where, state := handedOver(t, PhaseActivating, 0)
			world := newAgentComesBack(state)
			world.failing = map[string]error{state.New: failing}
			lockedAtWork := 0
			world.installing = func() { lockedAtWork += world.locked }
			world.resting = func() {
				if world.locked != 1 {
					t.Error("the machine is not locked while the new agent is waited for")
				}
			}
			must(t, carryOut(t, where, world))
			if lockedAtWork != len(world.installs) || world.locked != 0 {
				t.Errorf("locked at %d of %d installations; %d locks are left", lockedAtWork, len(world.installs), world.locked)
			}
		})
	}
	t.Run("one that is cut off", func(t *testing.T) {
		where, state := handedOver(t, PhaseActivating, 0)
		world := newAgentComesBack(state)
		world.cut = 1
		if err := carryOut(t, where, world); !errors.Is(err, context.Canceled) || world.locked != 0 {
			t.Errorf("it says %v; %d locks are left", err, world.locked)
		}
	})
}

func TestWaitsForARunThatChangesNothing(t *testing.T) {
	where, state := handedOver(t, PhaseActivating, 0)
	world := newAgentComesBack(state)
	world.leavesAfter(time.Minute, func() {})
	must(t, carryOut(t, where, world))
	if outcome := outcomeOf(t, where); outcome.Result != Updated || world.now < time.Minute {
		t.Errorf("after %s the outcome is %+v", world.now, outcome)
	}
}

func TestLeavesWhatSomebodyElseInstalledMeanwhile(t *testing.T) {
	for name, test := range map[string]struct {
		phase    string
		attempts int
		change   func(*fakeWorld)
		reason   string
	}{
		"a newer version":               {PhaseActivating, 0, func(w *fakeWorld) { w.meanwhile = "1.6.0" }, "has installed 1.6.0"},
		"the ordered one":               {PhaseActivating, 0, func(w *fakeWorld) { w.meanwhile = "1.5.0" }, "has installed 1.5.0"},
		"an older version":              {PhaseActivating, 0, func(w *fakeWorld) { w.meanwhile = "1.4.0" }, "has installed 1.4.0"},
		"a newer version in the middle": {PhaseActivating, 1, func(w *fakeWorld) { w.meanwhile = "1.6.0" }, "has installed 1.6.0"},
		"the present version, by a run": {PhaseActivating, 0, func(w *fakeWorld) { w.note = "note-2" }, "left 1.4.2"},
		"the present version, by a run in the middle": {
			PhaseRestoring, 1, func(w *fakeWorld) { w.note = "note-2" }, "left 1.4.2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			where, state := handedOver(t, test.phase, test.attempts)
			world := newAgentComesBack(state)
			world.leavesAfter(time.Minute, func() { test.change(world) })
			must(t, carryOut(t, where, world))
			outcome := outcomeOf(t, where)
			if outcome.Result != Overtaken || !strings.Contains(outcome.Reason, test.reason) {
				t.Errorf("the outcome is %+v", outcome)
			}
			if len(world.installs) != 0 || world.restarts != 0 || world.retired != 1 || world.locked != 0 {
				t.Errorf("installed %v, restarted %d times, retired %d times, %d locks", world.installs, world.restarts, world.retired, world.locked)
			}
			if left := names(t, where); left != "kept-1.4.2.deb outcome.json staged-new.deb" {
				t.Errorf("what is left: %s", left)
			}
		})
	}
}

func TestGoesOnInTheMiddleWhereNobodyElseWasAtWork(t *testing.T) {
	where, state := handedOver(t, PhaseConfirming, 1)
	world := newAgentComesBack(state)
	world.installed = state.New
	must(t, carryOut(t, where, world))
	if outcome := outcomeOf(t, where); outcome.Result != Updated || len(world.installs) != 0 {
		t.Errorf("the outcome is %+v, installed %v", outcome, world.installs)
	}
}

// A run has repaired the new version while the watchdog was away, whether or not it saw it work.
func TestWhatARunMadeOfTheNewVersionIsWaitedForAnew(t *testing.T) {
	works, fails := sight{pid: 7, version: "1.5.0", connected: true}, sight{pid: 7, version: "1.5.0"}
	for name, test := range map[string]struct {
		phase    string
		attempts int
		left     sight
		result   string
	}{
		"cut off while it installs, and it works now":          {PhaseActivating, 1, works, Updated},
		"cut off while it waits, and it works now":             {PhaseConfirming, maxAttempts, works, Updated},
		"cut off while it goes back, and the new one works":    {PhaseRestoring, maxAttempts, works, Updated},
		"cut off while it installs, and it does not connect":   {PhaseActivating, 1, fails, RolledBack},
		"cut off while it waits, and it does not connect":      {PhaseConfirming, maxAttempts, fails, RolledBack},
		"cut off while it goes back, and it still is no use":   {PhaseRestoring, maxAttempts, fails, RolledBack},
		"cut off while it waits, and no program runs any more": {PhaseConfirming, 1, sight{}, RolledBack},
	} {
		for _, disk := range []string{"", ", on a full disk"} {
			t.Run(name+disk, func(t *testing.T) {
				where, state := handedOver(t, test.phase, test.attempts)
				world := newAgentComesBack(state)
				world.installed, world.running[state.New], world.note = state.New, test.left, "note-2"
				if disk != "" {
					block(t, where.state())
				}
				must(t, carryOut(t, where, world))
				if outcome := outcomeOf(t, where); outcome.Result != test.result {
					t.Errorf("the outcome is %+v", outcome)
				}
				if wentBack := test.result == RolledBack; len(world.installs) != 0 != wentBack || (world.installed == state.Old) != wentBack {
					t.Errorf("installed %v", world.installs)
				}
			})
		}
	}
}

func TestAWatchdogThatIsCutOffAgainAfterARunCountsOn(t *testing.T) {
	where, state := handedOver(t, PhaseRestoring, 1)
	world := newAgentComesBack(state)
	world.installed, world.running[state.New], world.note = state.New, sight{pid: 7, version: "1.5.0"}, "note-2"
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		world.resting = func() { world.end() }
		if err := carryOut(t, where, world); !errors.Is(err, context.Canceled) {
			t.Fatalf("a watchdog that was cut off says %v", err)
		}
		if kept, err := where.readState(); err != nil || kept.Phase != PhaseConfirming || kept.Attempts != attempt || kept.Receipt != "note-2" {
			t.Fatalf("after %d it keeps %+v, %v", attempt, kept, err)
		}
	}
	world.resting = nil
	must(t, carryOut(t, where, world))
	if outcome := outcomeOf(t, where); outcome.Result != RolledBack {
		t.Errorf("the outcome is %+v", outcome)
	}
}

func TestIsPostponedWhereARunDoesNotEnd(t *testing.T) {
	where, state := handedOver(t, PhaseActivating, 0)
	world := newAgentComesBack(state)
	world.others = aRun
	must(t, carryOut(t, where, world))
	outcome := outcomeOf(t, where)
	if outcome.Result != Postponed || outcome.Note() != `a run of the configuration "urn:web" works on the machine, for 10m0s now` {
		t.Errorf("the outcome is %+v", outcome)
	}
	if len(world.installs) != 0 {
		t.Errorf("installed %v", world.installs)
	}
}

func TestWhatIsBegunIsBroughtToItsEndHoweverLongARunTakes(t *testing.T) {
	where, state := handedOver(t, PhaseRestoring, 1)
	world := newAgentComesBack(state)
	world.installed = state.New
	world.leavesAfter(3*turnPatience, func() {})
	must(t, carryOut(t, where, world))
	if outcome := outcomeOf(t, where); outcome.Result != RolledBack {
		t.Errorf("the outcome is %+v", outcome)
	}
}

func TestEndsWithoutATraceWhereTheAgentIsRemovedWhileItWaits(t *testing.T) {
	for name, remove := range map[string]func(folder) error{
		"and its state stays": func(where folder) error { return os.Remove(where.state()) },
		"with all it had":     func(where folder) error { return os.RemoveAll(filepath.Dir(where.path(""))) },
	} {
		t.Run(name, func(t *testing.T) {
			where, state := handedOver(t, PhaseActivating, 0)
			world := newAgentComesBack(state)
			// The run is over in the same moment: its place is free.
			world.leavesAfter(time.Minute, func() { must(t, remove(where)) })
			must(t, carryOut(t, where, world))
			if len(world.installs) != 0 || world.locked != 0 {
				t.Errorf("installed %v, %d locks", world.installs, world.locked)
			}
			if outcome, err := where.readOutcome(); outcome != nil || err != nil {
				t.Errorf("the outcome is %+v, %v", outcome, err)
			}
			if name == "with all it had" {
				if _, err := os.Stat(where.path("")); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("its folder is there again: %v", err)
				}
			}
		})
	}
}

func TestAnUpdateThatWasPostponedIsSaidSo(t *testing.T) {
	s := newSite(t)
	s.watchdog = func(state State) {
		s.end(state, Outcome{TaskID: task, Result: Postponed, From: "1.4.2", To: "1.5.0", Reason: "a run works"})
	}
	if _, err := s.update(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64))}); !errors.Is(err, ErrPostponed) {
		t.Errorf("it says %v", err)
	}
}

// What an agent of another version says of an order that an agent of 1.4.2 began.
func TestAnOrderIsLookedAtAnewByWhatARunHasInstalled(t *testing.T) {
	for name, test := range map[string]struct {
		installed      string
		allowDowngrade bool
		note           string
		started        int
	}{
		"the ordered version": {"1.5.0", false, "this is version 1.5.0 already", 0},
		"a newer version":     {"1.6.0", false, "meanwhile version 1.6.0 was installed, which is newer than 1.5.0", 0},
		"a newer version, where the order may go down": {
			"1.6.0", true, "meanwhile version 1.6.0 was installed, which is newer than 1.5.0", 0,
		},
		"an older version":           {"1.4.3", false, "updated from 1.4.3 to 1.5.0", 1},
		"the version that was there": {"1.4.2", false, "updated from 1.4.2 to 1.5.0", 1},
	} {
		for how, prepare := range map[string]func(folder) error{
			"while the watchdog waited": func(where folder) error {
				return where.writeOutcome(Outcome{TaskID: task, Result: Overtaken, From: "1.4.2", To: "1.5.0", Reason: "meanwhile"})
			},
			"while the agent waited": func(where folder) error {
				return where.writePreparation(Preparation{TaskID: task, Attempts: 1, From: "1.4.2"})
			},
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				s := newSite(t)
				s.updater.Version = test.installed
				s.updater.run = func(_ context.Context, program string, _ ...string) (string, error) {
					if strings.HasSuffix(program, "/old/bin/kace-agent") {
						return test.installed + "\n", nil
					}
					return "", errors.New("not found")
				}
				must(t, s.updater.folder().make())
				must(t, prepare(s.updater.folder()))
				order := Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64)), ConfirmSeconds: 60, AllowDowngrade: test.allowDowngrade}
				payload, err := json.Marshal(order)
				must(t, err)
				note, err := s.updater.TakeUp(context.Background(), task, payload)
				if err != nil || note != test.note || s.started != test.started {
					t.Errorf("it says %q, %v; the watchdog was started %d times", note, err, s.started)
				}
			})
		}
	}
}

func TestAnUpdateThatIsOvertakenEachTimeIsGivenUp(t *testing.T) {
	s := newSite(t)
	s.watchdog = func(state State) {
		s.end(state, Outcome{TaskID: task, Result: Overtaken, From: "1.4.2", To: "1.5.0", Reason: "meanwhile"})
	}
	_, err := s.update(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64))})
	if err == nil || !strings.Contains(err.Error(), "10 times") || s.started != maxPreparations {
		t.Errorf("after %d starts it says %v", s.started, err)
	}
}

func TestTheRealMachineIsLockedAndAskedForItsProgram(t *testing.T) {
	at := layout.Layout{Root: t.TempDir()}
	must(t, os.MkdirAll(filepath.Join(at.ProgramFolder(), "bin"), 0o755))
	must(t, os.Mkdir(at.Resolve("/run"), 0o755))
	must(t, os.WriteFile(filepath.Join(at.ProgramFolder(), "bin", "kace-agent"), []byte("#!/bin/sh\necho 1.6.0\n"), 0o755))
	here := machine{at: at, started: time.Now()}
	if version := here.program(context.Background()); version != "1.6.0" {
		t.Errorf("it is %q", version)
	}
	where := folder{at}
	must(t, where.make())
	must(t, where.writeState(State{TaskID: task, Phase: PhaseActivating, From: "1.4.2", To: "1.5.0", Format: FormatTar}))
	must(t, Watch(context.Background(), at, slog.New(slog.DiscardHandler)))
	if outcome := outcomeOf(t, where); outcome.Result != Overtaken {
		t.Errorf("the outcome is %+v", outcome)
	}
	lock, err := machinelock.Take(at, "run-1")
	must(t, err)
	must(t, lock.Release())
}
