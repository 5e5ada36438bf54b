package tasks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/protocol"
)

const (
	folderMode = 0o700
	fileMode   = 0o600
	ended      = ".ended.json"
)

// idForm keeps an id from naming a file elsewhere.
var idForm = regexp.MustCompile(`^[\w-]{1,100}$`)

// store keeps the task that runs and what became of others.
type store struct{ at layout.Layout }

func (s store) running() string { return filepath.Join(s.at.TasksFolder(), "running.json") }

func (s store) ended(id string) string { return filepath.Join(s.at.TasksFolder(), id+ended) }

func (s store) keep(path string, value any) error {
	if err := os.MkdirAll(s.at.TasksFolder(), folderMode); err != nil {
		return err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(text, '\n'), fileMode)
}

// cutOff is the task that ran when an earlier process of the agent ended; nil where none did.
func (s store) cutOff() (*Task, error) {
	task, err := s.peek()
	if errors.Is(err, errDamaged) {
		// What cannot be read can be reported of nobody; the server gives the task up.
		err = errors.Join(err, atomicfile.Remove(s.running()))
	}
	return task, err
}

// errDamaged says that a file is not as the agent writes them.
var errDamaged = errors.New("it cannot be read")

// peek is cutOff that leaves what is damaged.
func (s store) peek() (*Task, error) {
	text, err := os.ReadFile(s.running())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var task Task
	if err := json.Unmarshal(text, &task); err != nil || !idForm.MatchString(task.ID) {
		return nil, errors.Join(fmt.Errorf("%s: %w", s.running(), errDamaged), err)
	}
	return &task, nil
}

// reports are the ends that the server had not received, the oldest first. A damaged one is left out, and said.
func (s store) reports() ([]protocol.TaskStatus, error) {
	entries, err := os.ReadDir(s.at.TasksFolder())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	type dated struct {
		report protocol.TaskStatus
		at     int64
	}
	found, problems := []dated{}, []error{}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ended) {
			continue
		}
		path := filepath.Join(s.at.TasksFolder(), entry.Name())
		one, err := readReport(path)
		if err != nil {
			problems = append(problems, err, atomicfile.Remove(path))
			continue
		}
		info, err := entry.Info()
		if err != nil {
			problems = append(problems, err)
			continue
		}
		found = append(found, dated{one, info.ModTime().UnixNano()})
	}
	slices.SortStableFunc(found, func(a, b dated) int { return int(max(min(a.at-b.at, 1), -1)) })
	reports := make([]protocol.TaskStatus, 0, len(found))
	for _, one := range found {
		reports = append(reports, one.report)
	}
	return reports, errors.Join(problems...)
}

func readReport(path string) (protocol.TaskStatus, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return protocol.TaskStatus{}, err
	}
	var report protocol.TaskStatus
	if err := json.Unmarshal(text, &report); err != nil {
		return protocol.TaskStatus{}, fmt.Errorf("%s: %w", path, err)
	}
	if !idForm.MatchString(report.ID) || filepath.Base(path) != report.ID+ended {
		return protocol.TaskStatus{}, fmt.Errorf("%s is of no task", path)
	}
	return report, nil
}
