package protocol

// Types of messages about tasks.
const (
	TypeTask               = "task"
	TypeTaskCancel         = "task-cancel"
	TypeTaskStatus         = "task-status"
	TypeTaskStatusReceived = "task-status-received"
)

// What an agent may say in its hello that it can do.
const (
	CanTasks           = "tasks"
	CanSelfUpdate      = "self-update"
	CanScriptingUpdate = "scripting-update"
)

// What becomes of a task.
const (
	TaskStarted   = "started"
	TaskCompleted = "completed"
	TaskFailed    = "failed"
	TaskTimedOut  = "timed-out"
)

// MaxOutputBytes is how much of what a task said goes to the server: in JSON it still fits into a message.
const MaxOutputBytes = 64 << 10

// TypeScripts is the message about scripts that run at a time of their own.
const TypeScripts = "scripts"

// Scripts says what scripts the agent keeps. An older server lets it be.
type Scripts struct {
	Type string `json:"type"`
	// Held is a hash of their ids.
	Held string `json:"held"`
	// Look asks for a scripting update, if the server has others.
	Look bool `json:"look"`
}

// TaskOrder are the fields of a task beside its id.
type TaskOrder struct {
	TaskType       string  `json:"taskType"`
	Priority       int     `json:"priority"`
	TimeoutSeconds float64 `json:"timeoutSeconds"`
}

// TaskStatus says what became of a task. The end of one is said at every connection until the server has received it.
type TaskStatus struct {
	Type   string `json:"type"`
	ID     string `json:"id"`
	Status string `json:"status"`
	// Announced is the type of a task that the agent itself begins; empty for those of the server.
	Announced string `json:"announced,omitempty"`
	Note      string `json:"note,omitempty"`
	// NotBegun says of a failed task that it touched nothing and may be given again. An older server lets it be.
	NotBegun        bool   `json:"notBegun,omitempty"`
	ExitCode        *int   `json:"exitCode,omitempty"`
	Output          string `json:"output,omitempty"`
	OutputTruncated bool   `json:"outputTruncated,omitempty"`
	RunMs           *int64 `json:"runMs,omitempty"`
	// EndedAt is when it ended, RFC 3339, by the machine's clock, where the server may hear of it much later.
	EndedAt string `json:"endedAt,omitempty"`
}
