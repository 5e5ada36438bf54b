// Package later keeps scripts that run at a time of their own, whether the server is there then or not. The server
// brings them with a scripting update; each is a task of the server, begun by the agent and reported like any other.
package later

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// MaxHeld is how many scripts one agent keeps.
	MaxHeld = 50
	// maxScriptBytes is how long one may be.
	maxScriptBytes = 64 << 10
	// maxFileBytes is the longest file of one: JSON needs up to six bytes for one of a script.
	maxFileBytes = 8 * maxScriptBytes
	minTimeout   = time.Second
	maxTimeout   = 24 * time.Hour
	maxLate      = 30 * 24 * time.Hour
)

// idForm keeps an id from naming a file elsewhere.
var idForm = regexp.MustCompile(`^[\w-]{1,100}$`)

// order is what a scripting update says of a script, without its text.
type order struct {
	ID string `json:"id"`
	// SHA256 is that of the text.
	SHA256 string `json:"sha256"`
	// At is when it runs, by the wall clock of the machine.
	At time.Time `json:"at"`
	// LateSeconds is how much later it may still begin: the machine may be off at its time.
	LateSeconds    float64 `json:"lateSeconds"`
	TimeoutSeconds float64 `json:"timeoutSeconds"`
	Priority       int     `json:"priority"`
}

// definition is a script as it is kept.
type definition struct {
	order
	// Server is whose it is: another one's scripts do not run.
	Server string `json:"server"`
	Script string `json:"script"`
}

func (o order) check() error {
	switch {
	case !idForm.MatchString(o.ID):
		return errors.New("a script has no id")
	case o.At.IsZero() || !(o.LateSeconds >= 0) || !(o.TimeoutSeconds > 0):
		return fmt.Errorf("the script %s has no time, or a length of time that is none", o.ID)
	}
	return nil
}

func (o order) timeout() time.Duration { return bounded(o.TimeoutSeconds, minTimeout, maxTimeout) }

func bounded(seconds float64, least, most time.Duration) time.Duration {
	return time.Duration(min(max(seconds*float64(time.Second), float64(least)), float64(most)))
}

// verdict of a moment about a script.
type verdict int

const (
	wait verdict = iota
	run
	missed
)

func (o order) verdict(now time.Time) verdict {
	// Moments of the wall clock, which may be set while the script waits: the monotonic part must not count.
	late := now.Round(0).Sub(o.At)
	switch {
	case late < 0:
		return wait
	case late > bounded(o.LateSeconds, 0, maxLate):
		return missed
	default:
		return run
	}
}

// sumOf is the check sum of a text, as the server writes them.
func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// hashOf stands for a set of scripts: a script never changes, so that its id says all.
func hashOf(ids []string) string {
	return sumOf([]byte(strings.Join(slices.Sorted(slices.Values(ids)), "\n")))
}

// sealed is a file: what it says, and the check sum of that.
type sealed struct {
	SHA256     string          `json:"sha256"`
	Definition json.RawMessage `json:"definition"`
}

func encode(one definition) ([]byte, error) {
	text, err := json.Marshal(one)
	if err != nil {
		return nil, err
	}
	return json.Marshal(sealed{SHA256: sumOf(text), Definition: text})
}

func decode(id string, text []byte) (definition, error) {
	var file sealed
	if err := json.Unmarshal(text, &file); err != nil {
		return definition{}, err
	}
	if sumOf(file.Definition) != file.SHA256 {
		return definition{}, errors.New("its check sum is another one")
	}
	var one definition
	if err := json.Unmarshal(file.Definition, &one); err != nil {
		return definition{}, err
	}
	if one.ID != id {
		return definition{}, errors.New("it is of another script")
	}
	return one, one.check()
}
