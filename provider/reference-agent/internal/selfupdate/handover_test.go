package selfupdate

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/machinelock"
	"pulumi-kace/reference-agent/internal/tasks"
)

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

func TestTheAgentPostponesAnUpdateWhoseTimeIsUpWhileItWaits(t *testing.T) {
	s := newSite(t)
	lock, err := machinelock.Take(s.updater.At, "run-1")
	must(t, err)
	ctx, end := context.WithCancelCause(context.Background())
	defer end(nil)
	time.AfterFunc(20*time.Millisecond, func() { end(tasks.ErrTimeUp) })
	payload, err := json.Marshal(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64)), ConfirmSeconds: 60})
	must(t, err)
	if _, err := s.updater.Update(ctx, task, payload); !errors.Is(err, ErrPostponed) || s.started != 0 {
		t.Errorf("it says %v", err)
	}
	must(t, lock.Release())
}

func TestAnUpdateThatTheWatchdogWasNotStartedFor(t *testing.T) {
	for name, test := range map[string]struct {
		cause error
		stays bool
	}{
		"goes on where the agent was stopped": {errors.New("terminated"), true},
		"is over where its time was up":       {tasks.ErrTimeUp, false},
		"is over where it was called back":    {tasks.ErrCalledBack, false},
		"is over where the start failed":      {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			ctx, end := context.WithCancelCause(context.Background())
			defer end(nil)
			s.updater.start = func(context.Context, layout.Layout) error {
				if test.cause != nil {
					end(test.cause)
				}
				return errors.New("systemctl: signal: terminated")
			}
			order := Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64)), ConfirmSeconds: 60}
			payload, err := json.Marshal(order)
			must(t, err)
			if _, err := s.updater.Update(ctx, task, payload); err == nil || !strings.Contains(err.Error(), "could not be started") {
				t.Fatalf("it says %v", err)
			}
			s.updater.start = s.start
			next := s.updater.Update
			if test.stays {
				next = s.updater.TakeUp
			}
			id := map[bool]string{true: task, false: "task-2"}[test.stays]
			if note, err := next(context.Background(), id, payload); err != nil || note != "updated from 1.4.2 to 1.5.0" || s.started != 1 {
				t.Errorf("what comes next says %q, %v; the watchdog was started %d times", note, err, s.started)
			}
		})
	}
}

func TestALockThatCannotBeGivenBackFailsThisUpdateOnly(t *testing.T) {
	s := newSite(t)
	run := s.updater.run
	place := s.updater.At.Resolve("/run")
	s.updater.run = func(ctx context.Context, program string, arguments ...string) (string, error) {
		if strings.HasSuffix(program, "/old/bin/kace-agent") {
			must(t, os.RemoveAll(place))
			must(t, os.WriteFile(place, nil, 0o600))
		}
		return run(ctx, program, arguments...)
	}
	order := Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64)), ConfirmSeconds: 60}
	if _, err := s.update(order); err == nil || s.started != 0 {
		t.Fatalf("it says %v", err)
	}
	must(t, os.Remove(place))
	must(t, os.Mkdir(place, 0o755))
	s.updater.run = run
	payload, err := json.Marshal(order)
	must(t, err)
	if note, err := s.updater.Update(context.Background(), "task-2", payload); err != nil || note != "updated from 1.4.2 to 1.5.0" {
		t.Errorf("the next order says %q, %v", note, err)
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

func TestWhatWasSaidToHaveFailedIsNotGoneOnWith(t *testing.T) {
	for name, test := range map[string]struct {
		cause  error
		others bool
	}{
		"its time was up while it was fetched": {tasks.ErrTimeUp, false},
		"it was called back":                   {tasks.ErrCalledBack, false},
		"its time was up while others worked":  {tasks.ErrTimeUp, true},
		"others worked for too long":           {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.updater.turnPatience = 20 * time.Millisecond
			ctx, end := context.WithCancelCause(context.Background())
			defer end(nil)
			part, leave := s.updater.Part, func() error { return nil }
			if test.others {
				lock, err := machinelock.Take(s.updater.At, "run-1")
				must(t, err)
				leave = lock.Release
				if test.cause != nil {
					s.updater.turnPatience = time.Hour
					time.AfterFunc(20*time.Millisecond, func() { end(test.cause) })
				}
			} else {
				s.updater.Part = func(ctx context.Context, id, hash string, offset int64) ([]byte, int64, error) {
					if offset == 0 {
						return part(ctx, id, hash, offset)
					}
					end(test.cause)
					return nil, 0, ctx.Err()
				}
			}
			payload, err := json.Marshal(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64)), ConfirmSeconds: 60})
			must(t, err)
			if _, err := s.updater.Update(ctx, task, payload); err == nil {
				t.Fatal("it did not fail")
			}
			// As where the disk was full and did not take that: to the next process the task still runs.
			must(t, leave())
			s.updater.Part = part
			asked := len(s.asked)
			note, err := s.updater.TakeUp(context.Background(), task, payload)
			if err == nil || len(s.asked) != asked || s.started != 0 {
				t.Errorf("the next process says %q, %v; the watchdog was started %d times", note, err, s.started)
			}
		})
	}
}
