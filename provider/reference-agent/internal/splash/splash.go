// Package splash shows the organization's splash text to the people at the machine when the agent begins work that
// concerns them.
package splash

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"

	"pulumi-kace/reference-agent/internal/tasks"
)

const (
	// quiet is how long nobody reads the same text again: scripts often come one after the other.
	quiet = 10 * time.Minute
	// maxLetters is as long as the server lets the text be.
	maxLetters = 255
)

// Splash of one agent. Its world comes in: the text that holds, a clock that nobody sets, and who shows it.
type Splash struct {
	Text    func() string
	Elapsed func() time.Duration
	Show    func(ctx context.Context, text string) error
	Log     *slog.Logger

	mutex sync.Mutex
	last  time.Duration
	shown bool
}

// Before is the executor with the text before each of its tasks. What goes on after a restart of the agent is not said
// again.
func (s *Splash) Before(work tasks.Executor) tasks.Executor {
	first := func(ctx context.Context, task tasks.Task) (tasks.Result, error) {
		s.say(ctx)
		return work.Run(ctx, task)
	}
	if goesOn, can := work.(tasks.Resumer); can {
		return resuming{tasks.Func(first), goesOn}
	}
	return tasks.Func(first)
}

type resuming struct {
	tasks.Func
	work tasks.Resumer
}

// Resume calls the executor's own.
func (r resuming) Resume(ctx context.Context, task tasks.Task) (tasks.Result, error) {
	return r.work.Resume(ctx, task)
}

// say shows the text, unless there is none or it was shown a moment ago. That it cannot be shown keeps no task from
// running.
func (s *Splash) say(ctx context.Context) {
	text := printable(s.Text())
	if text == "" || !s.isTime() {
		return
	}
	if err := s.Show(ctx, text); err != nil {
		s.Log.Warn("the splash text could not be shown", "error", err)
	}
}

func (s *Splash) isTime() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := s.Elapsed()
	if s.shown && now-s.last < quiet {
		return false
	}
	s.last, s.shown = now, true
	return true
}

// printable takes out what moves a cursor, and what is too long: the text comes from the server.
func printable(text string) string {
	letters := []rune(strings.Map(func(letter rune) rune {
		if unicode.IsControl(letter) {
			return -1
		}
		return letter
	}, text))
	return strings.TrimSpace(string(letters[:min(len(letters), maxLetters)]))
}
