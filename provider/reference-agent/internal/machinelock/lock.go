// Package machinelock takes turns with the runs of configurations that work on this machine from elsewhere: they and an
// update of the agent hold one and the same lock, so that one of them at a time installs.
//
// The lock is a symbolic link whose target is its text, run:owner:process:start:boot. It is held as long as the process
// that it names lives: who dies or reboots holds nothing. lock.sh, which the runs bring along, has the same rules.
package machinelock

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pulumi-kace/reference-agent/internal/layout"
)

// Owner is what the lock calls an update of the agent. No configuration is called so: its id is written with %40 for @.
const Owner = "@agent-update"

// places are where the lock is, the first that is there.
var places = []string{"/run", "/var/run", "/var/lock", "/var/tmp"}

const (
	name = "pulumi-kace.lock"
	// attempts bounds how often a lock is found that is gone, or given up, a moment later.
	attempts   = 20
	guardTries = 150
	guardPause = 400 * time.Millisecond
	// guardAge is how old a guard is that was left by a process that was killed: its owner needs it for a moment.
	guardAge = time.Minute
)

// Held says that somebody else works on the machine.
type Held struct{ Run, Owner string }

// Error names who it is.
func (h *Held) Error() string {
	if h.Owner == Owner {
		return "another update of the agent is under way"
	}
	// It is shown as it is, where nobody of ours wrote it.
	configuration, err := url.PathUnescape(h.Owner)
	if err != nil {
		configuration = h.Owner
	}
	return fmt.Sprintf("a run of the configuration %q works on the machine", configuration)
}

// Lock is the machine, held by this process.
type Lock struct{ path, text string }

// Take takes the lock under the name of a run. The error is a *Held where somebody else has it.
func Take(at layout.Layout, run string) (*Lock, error) {
	path, err := pathBelow(at)
	if err != nil {
		return nil, err
	}
	started, lives := startOf(os.Getpid())
	if !lives {
		return nil, errors.New("when this process began cannot be read below /proc")
	}
	text := strings.Join([]string{run, Owner, fmt.Sprint(os.Getpid()), started, bootID()}, ":")
	for range attempts {
		err := os.Symlink(text, path)
		if err == nil {
			return &Lock{path, text}, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("no lock can be made: %w", err)
		}
		held, stale, err := read(path)
		switch {
		case err != nil:
			return nil, err
		case stale:
			if err := removeStale(path); err != nil {
				return nil, err
			}
		case held != nil:
			return nil, held
		}
	}
	return nil, fmt.Errorf("no lock can be made at %s", path)
}

// Release gives the machine back. What is another's by now is left alone. It needs no guard: nobody takes away what a
// process holds that lives, and this one does.
func (l *Lock) Release() error {
	if text, err := os.Readlink(l.path); err != nil || text != l.text {
		return ignoringAbsence(err)
	}
	return ignoringAbsence(os.Remove(l.path))
}

func pathBelow(at layout.Layout) (string, error) {
	for _, place := range places {
		if about, err := os.Stat(at.Resolve(place)); err == nil && about.IsDir() {
			return filepath.Join(at.Resolve(place), name), nil
		}
	}
	return "", fmt.Errorf("no lock can be made: there is none of %s", strings.Join(places, ", "))
}

// read says who holds the lock, or that nobody does any more who is named there; neither where there is no lock.
func read(path string) (held *Held, stale bool, err error) {
	text, err := os.Readlink(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("no lock can be made: %w", err)
	}
	if held := holderIn(text); held != nil {
		return held, false, nil
	}
	return nil, true, nil
}

// removeStale takes away what nobody holds, if that is so still.
func removeStale(path string) error {
	return guarded(path, func() error {
		if _, stale, err := read(path); err != nil || !stale {
			return err
		}
		return ignoringAbsence(os.Remove(path))
	})
}

// guarded lets one at a time take a lock away, or two that saw the same stale one would both have it.
func guarded(path string, work func() error) (err error) {
	guard := path + ".guard"
	for range guardTries {
		if err = os.Mkdir(guard, 0o700); err == nil {
			return errors.Join(work(), ignoringAbsence(os.Remove(guard)))
		}
		if about, statErr := os.Stat(guard); statErr == nil && time.Since(about.ModTime()) > guardAge {
			// Whoever else sees the same may be faster.
			err = ignoringAbsence(os.Remove(guard))
		}
		time.Sleep(guardPause)
	}
	return fmt.Errorf("%s is held by others all the time: %w", guard, err)
}

func ignoringAbsence(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
