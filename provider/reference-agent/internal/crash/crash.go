// Package crash keeps why the agent crashed, and has the next start of it tell the server.
package crash

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/tasks"
)

// Announcer keeps a report until the server has received it.
type Announcer interface {
	Announce(report protocol.TaskStatus) error
}

// Hand announces what an earlier process wrote when it crashed, and takes the file away. The id has the device in it, and
// the time of the crash: it is the same however often this is done.
func Hand(at layout.Layout, kuid string, to Announcer) error {
	info, err := os.Stat(at.Crash())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return atomicfile.Remove(at.Crash())
	}
	text, err := beginning(at.Crash(), protocol.MaxOutputBytes)
	if err != nil {
		return err
	}
	report := protocol.TaskStatus{
		ID:              fmt.Sprintf("crash-%s-%d", kuid, info.ModTime().UnixMilli()),
		Status:          protocol.TaskCompleted,
		Announced:       tasks.TypeCrashUpload,
		Note:            "the agent crashed at " + info.ModTime().UTC().Format(time.RFC3339) + " by the clock of its machine",
		Output:          text,
		OutputTruncated: info.Size() > protocol.MaxOutputBytes,
	}
	if err := to.Announce(report); err != nil {
		return err
	}
	return atomicfile.Remove(at.Crash())
}

// Arm has the runtime write to the file of crashes when this process crashes, beside its standard error.
func Arm(at layout.Layout) (err error) {
	file, err := os.OpenFile(at.Crash(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	// The runtime has a descriptor of its own then.
	defer func() { err = errors.Join(err, file.Close()) }()
	return debug.SetCrashOutput(file, debug.CrashOptions{})
}

// beginning is where a crash says why; the stacks of everybody else follow.
func beginning(path string, limit int64) (text string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	read := make([]byte, limit)
	length, err := file.ReadAt(read, 0)
	if err != nil && length == 0 {
		return "", err
	}
	return string(read[:length]), nil
}
