// Package tasks works on what the server has the agent do: one task at a time, by rank and age. What became of a task is
// kept on the disk until the server has received it, and a task that the agent's end cut off is said to have failed.
package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Types of tasks.
const (
	TypeAlert       = "alert"
	TypeInventory   = "inventory"
	TypeScript      = "script"
	TypeLogUpload   = "log-upload"
	TypeCrashUpload = "crash-upload"
	TypeSelfUpdate  = "self-update"
	// TypeScriptingUpdate brings the scripts that run at a time of their own.
	TypeScriptingUpdate = "scripting-update"
	// TypeScriptForLater is one of those, when its time has come; the server gives none of this type.
	TypeScriptForLater = "script-for-later"
)

// Task is one thing that the server has the agent do.
type Task struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	// Priority is its rank: 1 is the first.
	Priority int           `json:"priority"`
	Timeout  time.Duration `json:"timeoutNanoseconds"`
	// Payload is as the type wants it.
	Payload json.RawMessage `json:"payload"`
}

// Result is what there is to say of a task that has ended.
type Result struct {
	Note     string
	ExitCode *int
	// Output is what the task said, of any length and content: it is cut and made harmless before it is sent.
	Output    string
	Truncated bool
	// EndedAt is by the machine's wall clock, where the server may hear of it much later; else it is zero.
	EndedAt time.Time
}

// Executor does tasks of one type. The context ends when the time of the task is up, when the server calls it back, and
// when the agent stops; Run returns soon after. An error says that the task failed, and why; the result counts all the
// same.
type Executor interface {
	Run(ctx context.Context, task Task) (Result, error)
}

// ErrNotBegun is among the errors of a task that touched nothing, because it was not the time for it: the server may give
// it again.
var ErrNotBegun = errors.New("not begun")

// Func is an Executor that is one function.
type Func func(ctx context.Context, task Task) (Result, error)

// Run calls the function.
func (f Func) Run(ctx context.Context, task Task) (Result, error) { return f(ctx, task) }

// Keeper is an Executor whose tasks lie on the disk until they begin, where a restart finds them. Drop takes one away; one
// that began is away already. The end of a task is told only after that, so that what has failed never begins.
type Keeper interface {
	Executor
	Drop(id string) error
}

// Resumer is an Executor whose tasks outlive the process of the agent: after a restart Resume is called for the task
// that ran, with all of its time anew. Of other executors such a task has failed.
type Resumer interface {
	Executor
	Resume(ctx context.Context, task Task) (Result, error)
}
