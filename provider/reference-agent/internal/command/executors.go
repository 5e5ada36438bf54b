package command

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"pulumi-kace/reference-agent/internal/alert"
	"pulumi-kace/reference-agent/internal/connection"
	"pulumi-kace/reference-agent/internal/journal"
	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/status"
	"pulumi-kace/reference-agent/internal/tasks"
)

const (
	serviceName = "kace-reference-agent"
	// logLines of the journal are more than what is sent of them.
	logLines = 1000
)

// executors are what the agent does for each type of task.
func executors(scripts tasks.Executor, logFile string, errands connection.Errands, board *status.Board) map[string]tasks.Executor {
	return map[string]tasks.Executor{
		tasks.TypeScript:    scripts,
		tasks.TypeAlert:     tasks.Func(showAlert),
		tasks.TypeInventory: tasks.Func(bringInventory(errands)),
		tasks.TypeLogUpload: tasks.Func(uploadLog(logFile, board)),
	}
}

func showAlert(ctx context.Context, task tasks.Task) (tasks.Result, error) {
	var payload struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(task.Payload, &payload); err != nil || payload.Text == "" {
		return tasks.Result{}, errors.Join(errors.New("the task has no text"), err)
	}
	return tasks.Result{}, alert.Show(ctx, payload.Text)
}

func bringInventory(errands connection.Errands) tasks.Func {
	return func(ctx context.Context, _ tasks.Task) (tasks.Result, error) {
		return tasks.Result{}, errands.BringInventory(ctx)
	}
}

// uploadLog brings the newest of the agent's own log, unless the organization has its logs turned off.
func uploadLog(logFile string, board *status.Board) tasks.Func {
	return func(ctx context.Context, _ tasks.Task) (tasks.Result, error) {
		if board.Shown().Settings.LogRetention == "off" {
			return tasks.Result{}, errors.New("agent logs are turned off: the log retention of the organization says so")
		}
		if logFile != "" {
			text, more, err := journal.Tail(logFile, protocol.MaxOutputBytes)
			return tasks.Result{Output: text, Truncated: more}, err
		}
		if os.Getenv("JOURNAL_STREAM") == "" {
			return tasks.Result{}, errors.New("the log of this agent goes to its terminal, where nobody keeps it")
		}
		text, err := journal.OfService(ctx, serviceName, logLines)
		// The newest lines, where they are more than go out.
		more := len(text) > protocol.MaxOutputBytes
		if more {
			text = text[len(text)-protocol.MaxOutputBytes:]
		}
		return tasks.Result{Output: text, Truncated: more}, err
	}
}
