package command

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"pulumi-kace/reference-agent/internal/alert"
	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/configuration"
	"pulumi-kace/reference-agent/internal/connection"
	"pulumi-kace/reference-agent/internal/crash"
	"pulumi-kace/reference-agent/internal/identity"
	"pulumi-kace/reference-agent/internal/inventory"
	"pulumi-kace/reference-agent/internal/journal"
	"pulumi-kace/reference-agent/internal/later"
	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/script"
	"pulumi-kace/reference-agent/internal/selfupdate"
	"pulumi-kace/reference-agent/internal/splash"
	"pulumi-kace/reference-agent/internal/status"
	"pulumi-kace/reference-agent/internal/tasks"
)

const (
	maxLogBytes = 1 << 20
	// The agent holds little; the collector may run often so that its memory stays below 20 MB.
	collectPercent   = 30
	memoryLimitBytes = 12 << 20
)

func run(args arguments, world World) int {
	logFile := args.flags.String("log-file", "", "")
	newSession := args.flags.Bool("new-session", false, "")
	if err := args.parse(); err != nil {
		return misused(world, err)
	}
	debug.SetGCPercent(collectPercent)
	debug.SetMemoryLimit(memoryLimitBytes)
	log, err := begin(world, *logFile, *newSession)
	if err != nil {
		return failed(world, err)
	}
	if err := serve(args.at(), world.Version, *logFile, log); err != nil {
		log.Error("the agent cannot run", "error", err)
		if *logFile != "" {
			return failed(world, err)
		}
		return exitFailed
	}
	return exitOK
}

// begin makes the log of a process that stays, and takes it out of the session of whoever started it.
func begin(world World, logFile string, newSession bool) (*slog.Logger, error) {
	if newSession {
		// A process that leads a group already cannot leave the session and need not.
		if _, err := syscall.Setsid(); err != nil && !errors.Is(err, syscall.EPERM) {
			return nil, err
		}
	}
	if logFile == "" {
		return journal.ToStream(world.Stderr, os.Getenv("JOURNAL_STREAM") == ""), nil
	}
	file, err := journal.Open(logFile, maxLogBytes)
	if err != nil {
		return nil, err
	}
	return journal.ToStream(file, true), nil
}

// serve runs the agent until it is told to stop.
func serve(at layout.Layout, version, logFile string, log *slog.Logger) (err error) {
	stopping, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	checkIns, reloads := told(syscall.SIGUSR1), told(syscall.SIGHUP)

	if err := configuration.MakeFolders(at); err != nil {
		return err
	}
	lock, err := atomicfile.Lock(at.AgentLock(), false)
	if errors.Is(err, atomicfile.ErrLocked) {
		return errors.New("the agent runs already")
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()

	device, err := identity.Obtain(at.Device(), identity.Random)
	if err != nil {
		return err
	}
	first := status.Status{KUID: device.KUID, State: status.Unknown, AgentVersion: version, PID: os.Getpid()}
	board, err := status.NewBoard(at, first, time.Now, log)
	if err != nil {
		// A disk that is full must not cut the machine off: it may be the server's tasks that make room again.
		log.Error("the status cannot be written", "error", err)
	}
	started := time.Now()
	elapsed := func() time.Duration { return time.Since(started) }
	errands := connection.NewErrands()
	scripts := script.New(at)
	if err := scripts.Tidy(); err != nil {
		log.Error("what scripts left cannot be taken away", "error", err)
	}
	packages := connection.NewPackages()
	keeper := later.New(at, time.Now, log, func(held int) {
		board.Change(func(shown *status.Status) { shown.ScriptsHeld = held })
	})
	announced := &splash.Splash{
		Text: func() string { return board.Shown().Settings.SplashText }, Elapsed: elapsed, Show: alert.Show, Log: log,
	}
	known := executors(announced.Before(scripts), logFile, errands, board)
	known[tasks.TypeSelfUpdate] = announced.Before(selfUpdate{selfupdate.NewUpdater(at, version, packages.Part, log)})
	known[tasks.TypeScriptForLater] = keeper.Before(announced.Before(scripts))
	var runner *tasks.Runner
	known[tasks.TypeScriptingUpdate] = keeper.Updates(packages.Part, func() later.Runner { return runner })
	runner = tasks.New(at, known, elapsed, log)
	if err := errors.Join(crash.Hand(at, device.KUID, runner), crash.Arm(at)); err != nil {
		// An agent that cannot say why it crashed is better than none.
		log.Error("crash reports do not work", "error", err)
	}
	agent := connection.Agent{
		At:      at,
		Device:  device,
		Version: version,
		Board:   board,
		Log:     log,
		Now:     time.Now,
		Jitter:  func(limit time.Duration) time.Duration { return rand.N(limit + 1) },
		Elapsed: elapsed,
		Spread:  func(limit time.Duration) time.Duration { return rand.N(limit + 1) },
		// A window opens to the minute.
		LookEvery: 30 * time.Second,
		Look:      func() (inventory.Machine, error) { return inventory.Look(at) },
		Alert:     alert.Show,
		Tasks:     runner,
		Scripts:   keeper,
		Errands:   errands,
		Packages:  packages,
		CheckIn:   checkIns,
		Reload:    reloads,
	}
	log.Info("started", "version", version, "kuid", device.KUID)
	var working sync.WaitGroup
	working.Go(func() { runner.Run(stopping) })
	working.Go(func() { keeper.Serve(stopping, runner) })
	agent.Run(stopping)
	working.Wait()
	board.Change(func(shown *status.Status) { shown.PID = 0 })
	log.Info("stopped")
	return nil
}

// told makes a channel of a signal. One that comes while the last was not seen yet adds nothing.
func told(which os.Signal) <-chan struct{} {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, which)
	seen := make(chan struct{}, 1)
	go func() {
		for range signals {
			select {
			case seen <- struct{}{}:
			default:
			}
		}
	}()
	return seen
}
