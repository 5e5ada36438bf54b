// Package script runs a shell script that the server gives.
package script

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/tasks"
)

// defaultGrace is how long a script whose time is up may clean up after itself.
const defaultGrace = 5 * time.Second

// Executor runs scripts with `sh`, as the agent's own user. The text is in a file of a folder of its own, so that it
// stands in no command line and the script's standard input is empty.
type Executor struct {
	at    layout.Layout
	grace time.Duration
}

// New works below the agent's folder of tasks.
func New(at layout.Layout) *Executor { return &Executor{at: at, grace: defaultGrace} }

// Tidy takes away what scripts of an earlier process, which was killed, have left.
func (e *Executor) Tidy() error {
	left, err := filepath.Glob(filepath.Join(e.at.TasksFolder(), "script-*"))
	problems := []error{err}
	for _, folder := range left {
		problems = append(problems, os.RemoveAll(folder))
	}
	return errors.Join(problems...)
}

// Run runs a script until it ends or the context does; then its process group gets SIGTERM and, a little later, SIGKILL.
// What the script started in a session of its own goes on.
func (e *Executor) Run(ctx context.Context, task tasks.Task) (result tasks.Result, err error) {
	var payload struct {
		Script string `json:"script"`
	}
	if err := json.Unmarshal(task.Payload, &payload); err != nil || payload.Script == "" {
		return tasks.Result{}, errors.Join(errors.New("the task has no script"), err)
	}
	folder, err := os.MkdirTemp(e.at.TasksFolder(), "script-")
	if err != nil {
		return tasks.Result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	file := filepath.Join(folder, "script")
	if err := os.WriteFile(file, []byte(payload.Script), 0o600); err != nil {
		return tasks.Result{}, err
	}
	return e.run(ctx, task.ID, folder, file)
}

func (e *Executor) run(ctx context.Context, id, folder, file string) (tasks.Result, error) {
	said := &output{limit: protocol.MaxOutputBytes}
	command := exec.Command("sh", file)
	command.Dir = folder
	command.Env = []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "KACE_TASK_ID=" + id,
	}
	command.Stdout, command.Stderr = said, said
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// What a script leaves running may hold its output for ever.
	command.WaitDelay = e.grace
	if err := command.Start(); err != nil {
		return tasks.Result{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = errors.Join(ctx.Err(), e.kill(command.Process.Pid, ended))
	}
	text, truncated := said.text()
	result := tasks.Result{Output: text, Truncated: truncated}
	if ctx.Err() != nil {
		return result, err
	}
	code := command.ProcessState.ExitCode()
	result.ExitCode = &code
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrWaitDelay):
		result.Note = "processes that it left behind held on to its output"
		return result, nil
	case errors.As(err, &exit):
		return result, errors.New(describe(exit))
	default:
		return result, err
	}
}

func describe(exit *exec.ExitError) string {
	if status, isUnix := exit.Sys().(syscall.WaitStatus); isUnix && status.Signaled() {
		return fmt.Sprintf("it was ended by signal %d (%s)", status.Signal(), status.Signal())
	}
	return fmt.Sprintf("exit code %d", exit.ExitCode())
}

// kill ends the process group, and waits until the script itself has ended.
func (e *Executor) kill(pid int, ended <-chan error) error {
	if err := signalGroup(pid, syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-ended:
		// Whoever of the group did not listen has had as much time as the script took.
		return signalGroup(pid, syscall.SIGKILL)
	case <-time.After(e.grace):
	}
	if err := signalGroup(pid, syscall.SIGKILL); err != nil {
		return err
	}
	<-ended
	return nil
}

// signalGroup is no error where the group is gone already.
func signalGroup(pid int, signal syscall.Signal) error {
	if err := syscall.Kill(-pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
