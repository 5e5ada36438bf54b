package selfupdate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"

	"pulumi-kace/reference-agent/internal/layout"
)

// ErrEnded says that the agent's process ends while the watchdog is at work: the next process knows the outcome.
var ErrEnded = errors.New("the agent ends for its update")

// Updater prepares updates in the running agent and knows what became of them. What it cannot foresee comes in.
type Updater struct {
	At layout.Layout
	// Version is that of the running agent.
	Version string
	Part    Part
	Log     *slog.Logger

	// Set in tests only.
	architecture string
	run          runner
	start        func(context.Context, layout.Layout) error
	free         func(string) (uint64, error)
	open         func(string) (file, error)
	pollEvery    time.Duration
	turnPatience time.Duration
}

// NewUpdater works on this machine.
func NewUpdater(at layout.Layout, version string, part Part, log *slog.Logger) *Updater {
	return &Updater{
		At: at, Version: version, Part: part, Log: log,
		architecture: runtime.GOARCH, run: execute, start: launch, free: freeBytes, open: openForAppending, pollEvery: 500 * time.Millisecond,
		turnPatience: turnPatience,
	}
}

// Update carries out an order. Where it succeeds the process that called it is mostly ended by the new package, so it
// returns only when nothing had to be done, when something went wrong, with ErrPostponed, or with ErrEnded.
func (u *Updater) Update(ctx context.Context, taskID string, payload []byte) (note string, err error) {
	return u.untilSettled(ctx, taskID, payload, func() (string, error) { return u.begin(ctx, taskID, payload, u.Version) })
}

// begin carries out an order that was begun by an agent of the version `from`.
func (u *Updater) begin(ctx context.Context, taskID string, payload []byte, from string) (note string, err error) {
	under, err := u.folder().readState()
	if err != nil {
		// Nobody can go on with it; the order begins anew.
		u.Log.Error("update: what was under way cannot be read", "error", err)
	}
	if under != nil {
		if under.TaskID == taskID {
			return u.Resume(ctx, taskID)
		}
		return "", fmt.Errorf("the update to %s is still under way", under.To)
	}
	order, err := ParseOrder(payload)
	if err != nil {
		return "", err
	}
	if order.Version == u.Version {
		return "this is version " + u.Version + " already", u.folder().clearUnfinished()
	}
	if from != u.Version && compareVersions(order.Version, u.Version) < 0 {
		return "meanwhile version " + u.Version + " was installed, which is newer than " + order.Version, u.folder().clearUnfinished()
	}
	if !order.AllowDowngrade && compareVersions(order.Version, u.Version) < 0 {
		return "", fmt.Errorf("%s is older than %s, and the task does not allow a downgrade", order.Version, u.Version)
	}
	state, err := u.prepare(ctx, taskID, order)
	if err != nil && ctx.Err() != nil {
		return "", errors.Join(describeWrite(err), u.takeBack(ctx))
	}
	if err != nil {
		return "", errors.Join(describeWrite(err), u.tidy(order))
	}
	if err := u.activate(ctx, state); errors.Is(err, ErrPostponed) || err != nil && ctx.Err() != nil {
		// The next attempt finds what was fetched.
		return "", err
	} else if err != nil {
		return "", errors.Join(describeWrite(err), u.tidy(order))
	}
	return u.Resume(ctx, taskID)
}

func (u *Updater) folder() folder { return folder{u.At} }

// prepare brings all that the watchdog needs to its place. Nothing of the installed agent is touched.
func (u *Updater) prepare(ctx context.Context, taskID string, order Order) (State, error) {
	where := u.folder()
	if err := where.make(); err != nil {
		return State{}, err
	}
	if installed := installedFormat(ctx, u.run); installed != order.Format {
		return State{}, fmt.Errorf("this agent was installed as %s; a package of format %s does not update it", installed, order.Format)
	}
	if err := u.notePreparation(taskID); err != nil {
		return State{}, err
	}
	state := State{
		TaskID: taskID, Phase: PhaseActivating, From: u.Version, To: order.Version, Format: order.Format,
		New: where.staged(order.Package), ConfirmSeconds: order.ConfirmSeconds,
	}
	old, fetchOld := u.oldPackage(order)
	// What other orders left half done, or staged and never used.
	if err := where.clear(where.preparation(), state.New, state.New+".part", old, old+".part"); err != nil {
		return State{}, err
	}
	if err := u.requireSpace(order, fetchOld); err != nil {
		return State{}, err
	}
	u.Log.Info("update: fetching", "version", order.Version, "bytes", order.SizeBytes)
	if err := fetch(ctx, taskID, order.Package, state.New, u.Part, u.open); err != nil {
		return State{}, err
	}
	if err := u.check(ctx, order.Package, state.New); err != nil {
		return State{}, err
	}
	if fetchOld {
		u.Log.Info("update: fetching what to go back to", "version", order.Rollback.Version)
		if err := fetch(ctx, taskID, *order.Rollback, old, u.Part, u.open); err != nil {
			return State{}, fmt.Errorf("the package of the present version: %w", err)
		}
		if err := u.check(ctx, *order.Rollback, old); err != nil {
			return State{}, fmt.Errorf("the package of the present version: %w", err)
		}
	}
	state.Old = old
	return state, nil
}

// notePreparation counts how often an update is prepared.
func (u *Updater) notePreparation(taskID string) error {
	before, err := u.folder().readPreparation()
	if err != nil {
		// It is about another order, or about nothing that can be gone on with.
		u.Log.Error("update: what was prepared cannot be read", "error", err)
	}
	now := Preparation{TaskID: taskID, Attempts: 1, From: u.Version}
	if before != nil && before.TaskID == taskID {
		now.Attempts = before.Attempts + 1
	}
	return u.folder().writePreparation(now)
}

// oldPackage is where the package of the present version is or will be; whether it must be fetched; nothing where there
// is none.
func (u *Updater) oldPackage(order Order) (path string, fetch bool) {
	kept := u.folder().kept(u.Version, order.Format)
	if _, err := os.Stat(kept); err == nil {
		return kept, false
	}
	if order.Rollback != nil && order.Rollback.Version == u.Version {
		return u.folder().staged(*order.Rollback), true
	}
	return "", false
}

func (u *Updater) check(ctx context.Context, wanted Package, path string) error {
	found, err := inspect(ctx, u.run, wanted.Format, path)
	if err != nil {
		return err
	}
	if err := found.fits(wanted, u.architecture); err != nil {
		return fmt.Errorf("%s is refused: %w", wanted.FileName, err)
	}
	return nil
}

// spareBytes are left free for the package tool's own files.
const spareBytes = 16 << 20

// requireSpace refuses an update that would fill the disk: the packages, the copy of the old files, and the new ones beside
// the old ones while they are unpacked.
func (u *Updater) requireSpace(order Order, fetchOld bool) error {
	program, err := treeBytes(u.At.ProgramFolder())
	if err != nil {
		return err
	}
	needed := order.SizeBytes + 2*program + spareBytes
	if fetchOld {
		needed += order.Rollback.SizeBytes
	}
	free, err := u.free(u.folder().path(""))
	if err != nil {
		return err
	}
	if free < uint64(needed) {
		return fmt.Errorf("the disk is full: the update needs %d MB free below %s, and there are %d", needed>>20, u.folder().path(""), free>>20)
	}
	return nil
}

// tidy removes what a refused update left, but for parts that the next attempt goes on with.
func (u *Updater) tidy(order Order) error {
	state, err := u.folder().readState()
	if err != nil || state != nil {
		return err
	}
	kept := u.folder().kept(u.Version, order.Format)
	return u.folder().clear(kept, u.folder().staged(order.Package)+".part")
}
