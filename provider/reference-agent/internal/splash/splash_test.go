package splash

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/tasks"
)

// screen is a machine whose terminals the test reads.
type screen struct {
	Splash
	shown   []string
	elapsed time.Duration
}

func newScreen(text string, fails error) *screen {
	s := &screen{}
	s.Splash = Splash{
		Text: func() string { return text }, Elapsed: func() time.Duration { return s.elapsed },
		Show: func(_ context.Context, text string) error {
			s.shown = append(s.shown, text)
			return fails
		},
		Log: slog.New(slog.DiscardHandler),
	}
	return s
}

func TestShowsTheTextBeforeTheWorkAndNotAgainForAWhile(t *testing.T) {
	s := newScreen("Please wait", nil)
	work := s.Before(tasks.Func(func(context.Context, tasks.Task) (tasks.Result, error) {
		s.shown = append(s.shown, "work")
		return tasks.Result{Note: "done"}, nil
	}))
	for _, at := range []time.Duration{0, time.Minute, quiet, quiet + time.Minute} {
		s.elapsed = at
		if result, err := work.Run(context.Background(), tasks.Task{}); err != nil || result.Note != "done" {
			t.Fatalf("%+v %v", result, err)
		}
	}
	if !slices.Equal(s.shown, []string{"Please wait", "work", "work", "Please wait", "work", "work"}) {
		t.Errorf("%q", s.shown)
	}
}

func TestShowsWhatHarmsNobodyAndNothingWhereThereIsNothing(t *testing.T) {
	for text, want := range map[string][]string{
		"":                         nil,
		" \x1b\x07\n":              nil,
		"a\x1b[2Jb\nc\u0085":       {"a[2Jbc"},
		strings.Repeat("ä", 1_000): {strings.Repeat("ä", maxLetters)},
	} {
		s := newScreen(text, nil)
		s.say(context.Background())
		if !slices.Equal(s.shown, want) {
			t.Errorf("%q became %q", text, s.shown)
		}
	}
}

func TestTheWorkIsDoneThoughNobodyCanBeTold(t *testing.T) {
	s := newScreen("Please wait", errors.New("no terminal"))
	ran := false
	work := s.Before(tasks.Func(func(context.Context, tasks.Task) (tasks.Result, error) {
		ran = true
		return tasks.Result{}, nil
	}))
	if _, err := work.Run(context.Background(), tasks.Task{}); err != nil || !ran {
		t.Errorf("%v %v", ran, err)
	}
}

type update struct{ tasks.Func }

func (update) Resume(context.Context, tasks.Task) (tasks.Result, error) {
	return tasks.Result{Note: "went on"}, nil
}

func TestWorkThatOutlivesTheAgentStillDoes(t *testing.T) {
	s := newScreen("Please wait", nil)
	nothing := tasks.Func(func(context.Context, tasks.Task) (tasks.Result, error) { return tasks.Result{}, nil })
	goesOn, can := s.Before(update{nothing}).(tasks.Resumer)
	if !can {
		t.Fatal("it does not")
	}
	if result, err := goesOn.Resume(context.Background(), tasks.Task{}); err != nil || result.Note != "went on" || len(s.shown) != 0 {
		t.Errorf("%+v %v %q", result, err, s.shown)
	}
	if _, can := s.Before(nothing).(tasks.Resumer); can {
		t.Error("other work does not")
	}
}
