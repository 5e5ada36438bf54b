// Package connection keeps the agent connected to its server, for as long as it runs.
package connection

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"pulumi-kace/reference-agent/internal/configuration"
	"pulumi-kace/reference-agent/internal/identity"
	"pulumi-kace/reference-agent/internal/inventory"
	"pulumi-kace/reference-agent/internal/later"
	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/rhythm"
	"pulumi-kace/reference-agent/internal/settings"
	"pulumi-kace/reference-agent/internal/status"
	"pulumi-kace/reference-agent/internal/tasks"
)

// Agent is one device's connection. What it cannot foresee comes in: the clock, chance and the look of the machine.
type Agent struct {
	At      layout.Layout
	Device  identity.Device
	Version string
	Board   *status.Board
	Log     *slog.Logger
	Now     func() time.Time
	Jitter  Jitter
	// Elapsed is the time since the agent's start on a clock that nobody sets.
	Elapsed func() time.Duration
	// Spread is the chance that keeps agents from checking in together.
	Spread Jitter
	// LookEvery bounds how long an opening window, or a clock that was set, goes unnoticed.
	LookEvery time.Duration
	Look      func() (inventory.Machine, error)
	// Alert shows a text to the people at the machine.
	Alert func(ctx context.Context, text string) error
	// Tasks works on what the server has the agent do; nil in an agent that takes none.
	Tasks *tasks.Runner
	// Scripts keeps scripts that run at a time of their own; nil in an agent that keeps none.
	Scripts *later.Keeper
	// Errands are what tasks do over the connection.
	Errands Errands
	// Packages brings packages of tasks; nil in an agent that takes none.
	Packages *Packages
	// CheckIn asks for an inventory now, and for an attempt to connect now where there is no connection.
	CheckIn <-chan struct{}
	// Reload says that the configuration changed.
	Reload <-chan struct{}

	// lived is what the agent lives by, as server told it, which is a server's key; the rhythm goes on from one connection to the next.
	server string
	lived  settings.Settings
	// unkept says that the disk did not take what it lives by.
	unkept bool
	rhythm *rhythm.Rhythm
	// looks says when it looks for the latest scripts.
	looks *rhythm.Rhythm
	// delivered is what became of the messages that came lately.
	delivered recent
}

// Why a connection ended, where that changes what comes next.
var (
	errReload   = errors.New("the configuration changed")
	errSend     = errors.New("the connection to the server broke")
	errSilent   = errors.New("the server said nothing")
	errRefused  = errors.New("the server refused this agent")
	errReplaced = errors.New("another connection of this device replaced this one; is its identity on two machines?")
)

// Run connects again and again until the context ends.
func (a *Agent) Run(ctx context.Context) {
	failed := 0
	for ctx.Err() == nil {
		lasted, err := a.connectOnce(ctx)
		a.Board.Change(func(shown *status.Status) { shown.Connected = false })
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errReload) {
			failed = 0
			continue
		}
		if lasted >= stableAfter {
			failed = 0
		}
		failed++
		pause := delay(failed, a.cap(), a.Jitter)
		a.Board.Change(func(shown *status.Status) { shown.LastError = err.Error() })
		a.Log.Warn("not connected", "error", err, "nextAttemptInMs", pause.Milliseconds())
		if a.pause(ctx, pause) {
			failed = 0
		}
	}
}

// connectOnce reads the configuration, which may be new, and serves one connection. It says how long the server had
// accepted that connection.
func (a *Agent) connectOnce(ctx context.Context) (time.Duration, error) {
	configured, err := configuration.Read(a.At)
	if err != nil {
		return 0, err
	}
	a.Board.Change(func(shown *status.Status) {
		if shown.Server != configured.Server || shown.Generation != configured.Generation {
			shown.State, shown.Reason, shown.LastError, shown.Refused = status.Unknown, "", "", false
		}
		shown.Server, shown.Generation = configured.Server, configured.Generation
	})
	a.remember(configured.ServerKey())
	pinned, err := configured.ReadCA(a.At)
	if err != nil {
		return 0, err
	}
	a.showTrust(pinned)
	token, err := configuration.ReadToken(a.At)
	if err != nil {
		return 0, err
	}
	one := session{agent: a, configured: configured, pinned: pinned, token: token}
	err = one.serve(ctx)
	return one.lasted(), err
}

// remember takes up what this server told at an earlier connection, maybe of an earlier process.
func (a *Agent) remember(server string) {
	if a.rhythm != nil && a.server == server {
		return
	}
	told, err := settings.Kept(a.At, server)
	if err != nil {
		a.Log.Error("the kept settings cannot be used", "error", err)
	}
	a.server, a.lived, a.unkept, a.rhythm = server, told, false, rhythm.New(told, a.Spread)
	a.looks = rhythm.New(told.ForScripts(), a.Spread)
	a.Scripts.Belong(server)
	a.Board.Change(func(shown *status.Status) { shown.Settings, shown.Waiting = told, false })
}

// liveBy takes up settings, and keeps them.
func (a *Agent) liveBy(told settings.Settings) {
	if told == a.lived {
		return
	}
	a.lived = told
	a.rhythm.Apply(told, a.Elapsed())
	a.looks.Apply(told.ForScripts(), a.Elapsed())
	a.Board.Change(func(shown *status.Status) { shown.Settings = told })
	a.Log.Info("settings", "revision", told.Revision, "runInterval", told.RunInterval(),
		"windowFrom", told.CommunicationsWindow.From, "windowTo", told.CommunicationsWindow.To)
	a.keepLived()
}

// keepLived keeps the settings for a start without the server.
func (a *Agent) keepLived() {
	err := settings.Keep(a.At, a.server, a.lived)
	a.unkept = err != nil
	if err != nil {
		// They hold all the same, and the next check-in tries again.
		a.Log.Error("the settings could not be kept", "error", err)
	}
}

// cap is longer where the server does not want the device.
func (a *Agent) cap() time.Duration {
	if shown := a.Board.Shown(); shown.Refused || shown.State == status.Blocked {
		return unwantedCap
	}
	return usualCap
}

// pause waits, but not when something happened that makes an attempt worthwhile now; then it answers true.
func (a *Agent) pause(ctx context.Context, length time.Duration) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return false
	case <-a.CheckIn:
		return false
	case <-a.Reload:
		return true
	}
}
