package selfupdate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/layout"
)

// Phases of an update, in the order in which they come.
const (
	PhaseActivating = "activating"
	PhaseConfirming = "confirming"
	PhaseRestoring  = "restoring"
)

// State is an update under way: the file state.json. Agents of other versions read it, so fields are only ever added.
type State struct {
	TaskID string `json:"taskId"`
	Phase  string `json:"phase"`
	From   string `json:"from"`
	To     string `json:"to"`
	Format string `json:"format"`
	// New and Old are the packages' paths; Old is empty where there are only the old files.
	New            string `json:"new"`
	Old            string `json:"old,omitempty"`
	ConfirmSeconds int    `json:"confirmSeconds"`
	// Attempts counts how often the present phase was begun: a package that brings the machine down each time must not do
	// so for ever.
	Attempts int `json:"attempts"`
	// Reason is why the old version is put back.
	Reason string `json:"reason,omitempty"`
	// Receipt is which note of a configuration's run lay on the machine when the update was handed over; empty where an
	// agent handed it over that did not look.
	Receipt string `json:"receipt,omitempty"`
}

// Preparation is an update that was not handed to the watchdog yet: the file preparation.json.
type Preparation struct {
	TaskID string `json:"taskId"`
	// Attempts counts how often it was begun.
	Attempts int `json:"attempts"`
	// From is the version that prepared it; empty where that did not say so.
	From string `json:"from,omitempty"`
}

// Results of an update.
const (
	Updated    = "updated"
	RolledBack = "rolled-back"
	// Lost says that neither version runs any more as far as the watchdog can tell.
	Lost = "lost"
	// Postponed says that nothing was touched, because others worked on the machine for too long.
	Postponed = "postponed"
	// Overtaken says that somebody else has installed the agent meanwhile: what is there now is left as it is.
	Overtaken = "overtaken"
)

// Outcome is what became of an update: the file outcome.json, until the server knows it.
type Outcome struct {
	TaskID string `json:"taskId"`
	Result string `json:"result"`
	From   string `json:"from"`
	To     string `json:"to"`
	Reason string `json:"reason,omitempty"`
}

// Note is the outcome in one sentence.
func (o Outcome) Note() string {
	switch o.Result {
	case Updated:
		return fmt.Sprintf("updated from %s to %s", o.From, o.To)
	case RolledBack:
		return fmt.Sprintf("%s was put back: %s", o.From, o.Reason)
	case Postponed, Overtaken:
		return o.Reason
	}
	return fmt.Sprintf("neither %s nor %s runs: %s", o.To, o.From, o.Reason)
}

// folder is where an update keeps its files.
type folder struct{ at layout.Layout }

func (f folder) path(name string) string {
	return filepath.Join(f.at.StateFolder(), "update", name)
}
func (f folder) state() string   { return f.path("state.json") }
func (f folder) outcome() string { return f.path("outcome.json") }
func (f folder) lock() string    { return f.path("watchdog.lock") }

func (f folder) preparation() string { return f.path("preparation.json") }

// oldProgram holds a copy of the program folder; the watchdog runs from it.
func (f folder) oldProgram() string { return f.path("old") }
func (f folder) watchdog() string   { return f.path("old/bin/kace-agent") }

// staged is where a package lies before it is installed.
func (f folder) staged(one Package) string { return f.path("staged-" + one.SHA256 + "." + one.Format) }

// kept is the package that the present version was installed from.
func (f folder) kept(version, format string) string { return f.path("kept-" + version + "." + format) }

func (f folder) make() error {
	return os.MkdirAll(f.path(""), 0o700)
}

// readState gives the update under way; nil where there is none.
func (f folder) readState() (*State, error) { return read[State](f.state()) }

func (f folder) writeState(state State) error { return write(f.state(), state) }

func (f folder) readPreparation() (*Preparation, error) { return read[Preparation](f.preparation()) }

func (f folder) writePreparation(preparation Preparation) error {
	return write(f.preparation(), preparation)
}

func (f folder) readOutcome() (*Outcome, error) { return read[Outcome](f.outcome()) }

func (f folder) writeOutcome(outcome Outcome) error { return write(f.outcome(), outcome) }

// clear removes what is of no more use, but the files that are named.
func (f folder) clear(keeping ...string) error {
	return f.clearBut(func(path string) bool { return slices.Contains(keeping, path) })
}

// clearUnfinished removes what is of no more use, but the packages that versions were installed from.
func (f folder) clearUnfinished() error {
	return f.clearBut(func(path string) bool { return strings.HasPrefix(path, f.path("kept-")) })
}

func (f folder) clearBut(keep func(path string) bool) error {
	entries, err := os.ReadDir(f.path(""))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var failures []error
	for _, entry := range entries {
		if path := f.path(entry.Name()); path != f.outcome() && path != f.lock() && !keep(path) {
			failures = append(failures, os.RemoveAll(path))
		}
	}
	return errors.Join(failures...)
}

func read[Content any](path string) (*Content, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var content Content
	if err := json.Unmarshal(text, &content); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &content, nil
}

func write(path string, content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(text, '\n'), 0o600)
}
