package later

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/layout"
)

const (
	folderMode = 0o700
	fileMode   = 0o600
	ending     = ".json"
)

// store keeps each script in a file of its own, which only the agent's user can read.
type store struct{ at layout.Layout }

func (s store) path(id string) string { return filepath.Join(s.at.ScriptsFolder(), id+ending) }

func (s store) keep(one definition) error {
	text, err := encode(one)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.at.ScriptsFolder(), folderMode); err != nil {
		return err
	}
	return atomicfile.Write(s.path(one.ID), append(text, '\n'), fileMode)
}

func (s store) read(id string) (definition, error) {
	file, err := os.Open(s.path(id))
	if err != nil {
		return definition{}, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFileBytes))
	if err := errors.Join(err, file.Close()); err != nil {
		return definition{}, err
	}
	one, err := decode(id, text)
	if err != nil {
		return definition{}, fmt.Errorf("%s: %w", file.Name(), err)
	}
	return one, nil
}

// erase forgets a script such that it does not come back after a loss of power.
func (s store) erase(id string) error { return atomicfile.Erase(s.path(id)) }

// all are the scripts that are kept, without their texts. One that is damaged is taken away, and said: the server brings
// it again.
func (s store) all() ([]definition, error) {
	entries, err := os.ReadDir(s.at.ScriptsFolder())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	found, problems := []definition{}, []error{}
	for _, entry := range entries {
		id, isOne := strings.CutSuffix(entry.Name(), ending)
		if !isOne || !idForm.MatchString(id) {
			// Such as what a writer leaves that was killed.
			problems = append(problems, os.RemoveAll(filepath.Join(s.at.ScriptsFolder(), entry.Name())))
			continue
		}
		one, err := s.read(id)
		if err != nil {
			problems = append(problems, err, s.erase(id))
			continue
		}
		one.Script = ""
		found = append(found, one)
	}
	return found, errors.Join(problems...)
}
