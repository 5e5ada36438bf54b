// Package status is what the running agent says of itself, for people and for scripts: the file status.json.
package status

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/settings"
)

// States that the server gives a device; Unknown until it has said one.
const (
	Approved    = "approved"
	Quarantined = "quarantined"
	Blocked     = "blocked"
	Unknown     = "unknown"
)

// Status holds no secrets: anyone on the machine may read it.
type Status struct {
	KUID      string `json:"kuid"`
	Server    string `json:"server"`
	Connected bool   `json:"connected"`
	State     string `json:"state"`
	// Reason is the server's word for why the device is not approved, or its code for refusing it.
	Reason string `json:"reason,omitempty"`
	// Refused says that the server did not accept what the agent said of itself.
	Refused bool `json:"refused,omitempty"`
	// Since is when Connected or State last changed, RFC 3339, by this machine's clock.
	Since        string `json:"since"`
	LastError    string `json:"lastError,omitempty"`
	AgentVersion string `json:"agentVersion"`
	// PID is the running agent, or 0.
	PID int `json:"pid"`
	// Generation is that of the configuration the agent works with.
	Generation uint64 `json:"generation,omitempty"`
	// Trusts names the authorities that the agent trusts by the beginnings of their SHA-256, or "system roots".
	Trusts string `json:"trusts,omitempty"`
	// LastCheckIn is when the agent checked in last, RFC 3339, by this machine's clock.
	LastCheckIn string `json:"lastCheckIn,omitempty"`
	// Waiting says that a check-in is due and the communications window is closed.
	Waiting bool `json:"waiting,omitempty"`
	// ScriptsHeld is how many scripts wait for a time of their own.
	ScriptsHeld int `json:"scriptsHeld,omitempty"`
	// Settings are what the agent lives by.
	Settings settings.Settings `json:"settings"`
}

// Board keeps status.json true while the agent runs.
type Board struct {
	at    layout.Layout
	now   func() time.Time
	log   *slog.Logger
	mutex sync.Mutex
	shown Status
}

// NewBoard starts with this status and writes it at once. The board is of use where that fails, too: the next change
// writes all again.
func NewBoard(at layout.Layout, first Status, now func() time.Time, log *slog.Logger) (*Board, error) {
	board := &Board{at: at, now: now, log: log, shown: first}
	board.shown.Since = now().UTC().Format(time.RFC3339)
	return board, write(at, board.shown)
}

// Change alters the status and writes it if anything is different. A disk that is full must not end the connection, so
// a failed write is logged, and the next change writes all again.
func (b *Board) Change(alter func(*Status)) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	next := b.shown
	alter(&next)
	if next == b.shown {
		return
	}
	if next.Connected != b.shown.Connected || next.State != b.shown.State {
		next.Since = b.now().UTC().Format(time.RFC3339)
	}
	b.shown = next
	if err := write(b.at, next); err != nil {
		b.log.Error("the status could not be written", "error", err)
	}
}

// Shown is the status now.
func (b *Board) Shown() Status {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.shown
}

func write(at layout.Layout, status Status) error {
	text, err := json.Marshal(status)
	if err != nil {
		return err
	}
	return atomicfile.Replace(at.Status(), append(text, '\n'), 0o644)
}

// Read gives the status as it is now: what a dead agent left behind is corrected, so that nothing is called connected
// that does not run.
func Read(at layout.Layout) (Status, error) {
	running, err := atomicfile.Holder(at.AgentLock())
	if err != nil {
		return Status{}, err
	}
	read := Status{State: Unknown}
	text, err := os.ReadFile(at.Status())
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return Status{}, err
	default:
		if err := json.Unmarshal(text, &read); err != nil {
			return Status{}, fmt.Errorf("%s: %w", at.Status(), err)
		}
	}
	if running == 0 || read.PID != running {
		read.Connected = false
		read.PID = 0
	}
	return read, nil
}
