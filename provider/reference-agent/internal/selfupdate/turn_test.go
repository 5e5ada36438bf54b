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
		"a newer version":                  {PhaseActivating, 0, func(w *fakeWorld) { w.meanwhile = "1.6.0" }, "has installed 1.6.0"},
		"the ordered one":                  {PhaseActivating, 0, func(w *fakeWorld) { w.meanwhile = "1.5.0" }, "has installed 1.5.0"},
		"an older version":                 {PhaseActivating, 0, func(w *fakeWorld) { w.meanwhile = "1.4.0" }, "has installed 1.4.0"},
		"a newer version in the middle":    {PhaseActivating, 1, func(w *fakeWorld) { w.meanwhile = "1.6.0" }, "has installed 1.6.0"},
		"the present version, by a run":    {PhaseActivating, 0, func(w *fakeWorld) { w.note = "note-2" }, "left 1.4.2"},
		"the ordered one that waits":       {PhaseConfirming, 1, func(w *fakeWorld) { w.meanwhile, w.note = "1.5.0", "note-2" }, "left 1.5.0"},
		"the ordered one that is unwanted": {PhaseRestoring, 2, func(w *fakeWorld) { w.meanwhile, w.note = "1.5.0", "note-2" }, "left 1.5.0"},
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

func TestTheAgentWaitsForARunBeforeItHandsAnUpdateOver(t *testing.T) {
	s := newSite(t)
	lock, err := machinelock.Take(s.updater.At, "run-1")
	must(t, err)
	part := s.updater.Part
	s.updater.Part = func(ctx context.Context, id, hash string, offset int64) ([]byte, int64, error) {
		time.AfterFunc(20*time.Millisecond, func() { must(t, lock.Release()) })
		s.updater.Part = part
		return part(ctx, id, hash, offset)
	}
	if note, err := s.update(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64))}); err != nil || note != "updated from 1.4.2 to 1.5.0" {
		t.Errorf("it says %q, %v", note, err)
	}
}

func TestTheAgentPostponesAnUpdateWhereARunDoesNotEnd(t *testing.T) {
	s := newSite(t)
	s.updater.turnPatience = 0
	lock, err := machinelock.Take(s.updater.At, "run-1")
	must(t, err)
	order := Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64))}
	if _, err := s.update(order); !errors.Is(err, ErrPostponed) || s.started != 0 {
		t.Fatalf("it says %v", err)
	}
	asked := len(s.asked)
	must(t, lock.Release())
	if _, err := s.update(order); err != nil || len(s.asked) != asked {
		t.Errorf("the next attempt says %v, and asked for %d parts more", err, len(s.asked)-asked)
	}
}

func TestTheAgentHandsOverWhatARunHadLeft(t *testing.T) {
	s := newSite(t)
	receipt := s.updater.At.Resolve("/var/lib/pulumi-kace/receipt.json")
	must(t, os.MkdirAll(filepath.Dir(receipt), 0o755))
	must(t, os.WriteFile(receipt, []byte("{}"), 0o600))
	before, err := receiptOn(s.updater.At)
	must(t, err)
	s.watchdog = func(state State) {
		if state.Receipt != before || before == "none" {
			t.Errorf("handed over: %q, not %q", state.Receipt, before)
		}
		s.end(state, Outcome{TaskID: task, Result: Updated, From: "1.4.2", To: "1.5.0"})
	}
	_, err = s.update(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64))})
	must(t, err)
	must(t, os.WriteFile(receipt+".new", []byte("{}"), 0o600))
	must(t, os.Rename(receipt+".new", receipt))
	if after, err := receiptOn(s.updater.At); err != nil || after == before {
		t.Errorf("a new one is known as %q, %v", after, err)
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
