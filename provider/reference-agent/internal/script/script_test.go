package script

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/tasks"
)

const patience = 60 * time.Second

func newExecutor(t *testing.T) *Executor {
	t.Helper()
	at := layout.Layout{Root: t.TempDir()}
	if err := os.MkdirAll(at.TasksFolder(), 0o700); err != nil {
		t.Fatal(err)
	}
	executor := New(at)
	executor.grace = 200 * time.Millisecond
	return executor
}

func of(t *testing.T, script string) tasks.Task {
	t.Helper()
	payload, err := json.Marshal(map[string]string{"script": script})
	if err != nil {
		t.Fatal(err)
	}
	return tasks.Task{ID: "task-1", Payload: payload}
}

func TestRunsAScript(t *testing.T) {
	executor := newExecutor(t)
	for name, one := range map[string]struct {
		script, output, failure string
		code                    int
	}{
		"what it says, in order": {"echo one; echo two >&2; echo three", "one\ntwo\nthree\n", "", 0},
		"its code":               {"echo no; exit 3", "no\n", "exit code 3", 3},
		"a signal":               {"kill -9 $$", "", "it was ended by signal 9 (killed)", -1},
		"an empty input":         {"cat; echo end", "end\n", "", 0},
		"the id of its task":     {"echo $KACE_TASK_ID", "task-1\n", "", 0},
		"no text in its command": {"tr '\\0' ' ' </proc/$$/cmdline | grep -c canary", "0\n", "exit code 1", 1},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := executor.Run(context.Background(), of(t, one.script))
			failure := ""
			if err != nil {
				failure = err.Error()
			}
			if result.Output != one.output || failure != one.failure || result.ExitCode == nil || *result.ExitCode != one.code {
				t.Errorf("%+v %v", result, err)
			}
		})
	}
	if left, err := os.ReadDir(executor.at.TasksFolder()); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestEndsTheWholeGroupOfAScriptWhoseTimeIsUp(t *testing.T) {
	for name, deaf := range map[string]string{"that listens": "", "that does not listen": "trap '' TERM;"} {
		t.Run(name, func(t *testing.T) {
			executor := newExecutor(t)
			pids := filepath.Join(executor.at.Root, "pids")
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			go func() {
				// Once both run.
				for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
					if text, err := os.ReadFile(pids); err == nil && strings.Count(string(text), "\n") == 2 {
						break
					}
				}
				stop()
			}()
			script := deaf + "echo begun; sh -c '" + deaf + " echo $$ >>" + pids + "; while :; do sleep 1; done' & echo $$ >>" + pids + "; while :; do sleep 1; done"
			result, err := executor.Run(ctx, of(t, script))
			if !errors.Is(err, context.Canceled) || result.Output != "begun\n" || result.ExitCode != nil {
				t.Errorf("%+v %v", result, err)
			}
			text, err := os.ReadFile(pids)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Fields(string(text)) {
				pid, err := strconv.Atoi(line)
				if err != nil {
					t.Fatal(err)
				}
				waitForEnd(t, pid)
			}
		})
	}
}

// waitForEnd waits until a process is gone, or is only waited for.
func waitForEnd(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
			return
		}
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Fatalf("process %d still runs", pid)
}

func TestDoesNotWaitForWhatAScriptLeavesBehind(t *testing.T) {
	executor := newExecutor(t)
	result, err := executor.Run(context.Background(), of(t, "sleep 120 & echo $!"))
	if err != nil || result.Note == "" || *result.ExitCode != 0 {
		t.Errorf("%+v %v", result, err)
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(result.Output)); err != nil || syscall.Kill(pid, syscall.SIGKILL) != nil {
		t.Errorf("%q did not go on: %v", result.Output, err)
	}
}

func TestKeepsTheBeginningAndTheEndOfALongOutput(t *testing.T) {
	executor := newExecutor(t)
	result, err := executor.Run(context.Background(), of(t, "echo first; yes 'a line of the middle' | head -n 50000; echo last"))
	if err != nil || !result.Truncated || len(result.Output) > protocol.MaxOutputBytes {
		t.Fatalf("%d bytes, %v", len(result.Output), err)
	}
	if !strings.HasPrefix(result.Output, "first\n") || !strings.HasSuffix(result.Output, "\nlast\n") || !strings.Contains(result.Output, cut) {
		t.Errorf("%.40q ... %q", result.Output, result.Output[len(result.Output)-40:])
	}
	exact := &output{limit: 100}
	for range 9 {
		if _, err := exact.Write([]byte("0123456789")); err != nil {
			t.Fatal(err)
		}
	}
	if text, more := exact.text(); more || text != strings.Repeat("0123456789", 9) {
		t.Errorf("%q %v", text, more)
	}
}

func TestRefusesATaskWithoutAScript(t *testing.T) {
	for _, payload := range []string{``, `{}`, `{"script":7}`} {
		if _, err := newExecutor(t).Run(context.Background(), tasks.Task{ID: "x", Payload: []byte(payload)}); err == nil {
			t.Errorf("%q ran", payload)
		}
	}
}

func TestTidiesUpAfterAProcessThatWasKilled(t *testing.T) {
	executor := newExecutor(t)
	left := filepath.Join(executor.at.TasksFolder(), "script-1")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := executor.Tidy(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
}
