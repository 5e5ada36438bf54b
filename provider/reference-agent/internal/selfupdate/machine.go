package selfupdate

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/machinelock"
	"pulumi-kace/reference-agent/internal/status"
)

const (
	service = "kace-reference-agent"
	// watchdogService is registered for the time of an update only.
	watchdogService = "kace-reference-agent-update"
	initScript      = "/etc/init.d/" + service
)

// machine is the world: this machine.
type machine struct {
	at      layout.Layout
	started time.Time
}

func (m machine) install(ctx context.Context, format, file string) error {
	return install(ctx, execute, format, file, m.rest)
}

func (m machine) putBackFiles() error {
	return copyTree(folder{m.at}.oldProgram(), m.at.ProgramFolder())
}

func (m machine) restartAgent(ctx context.Context) error {
	if bootedWithSystemd(m.at) {
		_, err := execute(ctx, "systemctl", "restart", service+".service")
		return err
	}
	_, err := execute(ctx, m.at.Resolve(initScript), "restart")
	return err
}

func (m machine) look() (sight, error) {
	shown, err := status.Read(m.at)
	if err != nil {
		return sight{}, err
	}
	return sight{pid: shown.PID, version: shown.AgentVersion, connected: shown.Connected, lastError: shown.LastError}, nil
}

func (m machine) take(run string) (release func() error, err error) {
	lock, err := machinelock.Take(m.at, run)
	if err != nil {
		return nil, err
	}
	return lock.Release, nil
}

// program asks the one on the disk, which may be another one than the running agent.
func (m machine) program(ctx context.Context) string {
	said, err := execute(ctx, filepath.Join(m.at.ProgramFolder(), "bin", "kace-agent"), "version")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(said)
}

func (m machine) receipt() (string, error) { return receiptOn(m.at) }

func (m machine) elapsed() time.Duration { return time.Since(m.started) }

func (m machine) rest(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}

// retire takes the watchdog's service away. Where there is no systemd there is nothing but the process itself.
func (m machine) retire(ctx context.Context) error {
	unit := watchdogUnit(m.at)
	if _, err := os.Stat(unit); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := atomicfile.Remove(watchdogLink(m.at)); err != nil {
		return err
	}
	if err := atomicfile.Remove(unit); err != nil {
		return err
	}
	if !bootedWithSystemd(m.at) {
		return nil
	}
	_, err := execute(ctx, "systemctl", "daemon-reload")
	return err
}

func bootedWithSystemd(at layout.Layout) bool {
	about, err := os.Stat(at.Resolve("/run/systemd/system"))
	return err == nil && about.IsDir()
}

func watchdogUnit(at layout.Layout) string {
	return at.Resolve("/etc/systemd/system/" + watchdogService + ".service")
}

// watchdogLink is what "systemctl enable" would make.
func watchdogLink(at layout.Layout) string {
	return at.Resolve("/etc/systemd/system/multi-user.target.wants/" + watchdogService + ".service")
}

func moveIfThere(from, to string) error {
	if from == to {
		return nil
	}
	if err := os.Rename(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// callIn registers the watchdog's service, which the agent's own end does not end, and starts it. It is there at the next
// boot as well, until it takes itself away.
func callIn(ctx context.Context, at layout.Layout, unitText string) error {
	unit, link := watchdogUnit(at), watchdogLink(at)
	if err := atomicfile.Write(unit, []byte(unitText), 0o644); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return err
	}
	if err := os.Symlink(unit, link); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := execute(ctx, "systemctl", "daemon-reload"); err != nil {
		return err
	}
	_, err := execute(ctx, "systemctl", "start", "--no-block", watchdogService+".service")
	return err
}
