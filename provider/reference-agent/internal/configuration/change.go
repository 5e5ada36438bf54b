package configuration

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/layout"
)

// Change is what `kace-agent configure` reads on stdin. An absent token or CA leaves the present one, unless the server
// changes: what was meant for one server is not told to another.
type Change struct {
	Server string  `json:"server"`
	Token  *string `json:"token"`
	// CA is PEM text. Empty text goes back to the system's roots.
	CA *string `json:"ca"`
}

const (
	maxChangeBytes = 1 << 20
	maxTokenBytes  = 512
)

// ReadChange reads and checks a change. Its errors never quote the token.
func ReadChange(from io.Reader) (Change, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxChangeBytes+1))
	if err != nil {
		return Change{}, err
	}
	if len(text) > maxChangeBytes {
		return Change{}, errors.New("the configuration on stdin is larger than 1 MiB")
	}
	var change Change
	if err := json.Unmarshal(text, &change); err != nil {
		// The decoder's own words may quote the text, which can hold the token.
		return Change{}, errors.New(`expected JSON on stdin: {"server": "host:port", "token": "..." (optional), "ca": "PEM" (optional)}`)
	}
	return change.checked()
}

// checked is the change with its server in its usual form. Its errors never quote the token.
func (change Change) checked() (Change, error) {
	server, err := ParseServer(change.Server)
	if err != nil {
		return Change{}, err
	}
	change.Server = server
	if change.Token != nil && !isToken(*change.Token) {
		return Change{}, errors.New("the token must be 1 to 512 printable characters without spaces")
	}
	if change.CA != nil && *change.CA != "" {
		if _, err := ParseCA([]byte(*change.CA)); err != nil {
			return Change{}, fmt.Errorf("ca: %w", err)
		}
	}
	return change, nil
}

func isToken(text string) bool {
	if text == "" || len(text) > maxTokenBytes {
		return false
	}
	for _, letter := range text {
		if letter <= ' ' || letter > '~' {
			return false
		}
	}
	return true
}

// Apply writes the change, agent.json last, so that a reader of the new configuration finds all that belongs to it. A
// disk that is full changes nothing.
func Apply(at layout.Layout, change Change) (result Configuration, err error) {
	if err := MakeFolders(at); err != nil {
		return Configuration{}, err
	}
	lock, err := atomicfile.Lock(at.ConfigurationLock(), true)
	if err != nil {
		return Configuration{}, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()

	present, err := Read(at)
	known := err == nil
	otherServer := known && present.Server != change.Server
	next := Configuration{Server: change.Server, CAFile: present.CAFile, Generation: present.Generation + 1}
	if known && !otherServer {
		next.ConfiguredAs = present.ConfiguredAs
	}
	files := []atomicfile.File{}
	switch {
	case change.CA != nil && *change.CA != "":
		next.CAFile = layout.CAPath
		files = append(files, atomicfile.File{Path: at.CA(), Data: []byte(*change.CA), Mode: 0o644})
	case change.CA != nil || otherServer:
		next.CAFile = ""
		files = append(files, atomicfile.File{Path: at.CA()})
	}
	switch {
	case change.Token != nil:
		files = append(files, atomicfile.File{Path: at.Token(), Data: []byte(*change.Token + "\n"), Mode: 0o600})
	case otherServer:
		files = append(files, atomicfile.File{Path: at.Token()})
	}
	text, err := json.Marshal(next)
	if err != nil {
		return Configuration{}, err
	}
	files = append(files, atomicfile.File{Path: at.Configuration(), Data: append(text, '\n'), Mode: 0o600})
	return next, atomicfile.WriteAll(files...)
}

// Repoint puts another name of the same server in place of the one that is in use, unless the agent was configured anew
// since. All else stays, and so does what is kept of the server: it is no other one.
func Repoint(at layout.Layout, used Configuration, server string) (changed bool, err error) {
	lock, err := atomicfile.Lock(at.ConfigurationLock(), true)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	present, err := Read(at)
	if err != nil || present != used {
		return false, err
	}
	present.Server, present.ConfiguredAs = server, present.ServerKey()
	text, err := json.Marshal(present)
	if err != nil {
		return false, err
	}
	return true, atomicfile.Write(at.Configuration(), append(text, '\n'), 0o600)
}

// ForgetToken deletes the enrolment token once the server has approved the device, unless the agent was configured anew
// since: the token that is there then was not used yet.
func ForgetToken(at layout.Layout, used Configuration) (err error) {
	lock, err := atomicfile.Lock(at.ConfigurationLock(), true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	present, err := Read(at)
	if err != nil {
		return err
	}
	if present.Server != used.Server || present.Generation != used.Generation {
		return nil
	}
	return atomicfile.Remove(at.Token())
}

// MakeFolders makes the folders for the configuration and the state where they are missing.
func MakeFolders(at layout.Layout) error {
	if err := os.MkdirAll(at.ConfigurationFolder(), 0o755); err != nil {
		return err
	}
	if err := os.MkdirAll(at.StateFolder(), 0o700); err != nil {
		return err
	}
	return os.Chmod(at.StateFolder(), 0o700)
}
