package tasks

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"pulumi-kace/reference-agent/internal/protocol"
)

// maxNoteBytes is how much of an error goes to the server.
const maxNoteBytes = 600

func failed(task Task, note string) protocol.TaskStatus {
	return protocol.TaskStatus{Type: protocol.TypeTaskStatus, ID: task.ID, Status: protocol.TaskFailed, Note: shortNote(note)}
}

// reportOf is what the server is told of a task that has ended. cause is why its context ended, if it did.
func reportOf(task Task, result Result, err, cause error, ran time.Duration) protocol.TaskStatus {
	ms := ran.Milliseconds()
	output, cut := harmless(result.Output, protocol.MaxOutputBytes)
	report := protocol.TaskStatus{
		Type:            protocol.TypeTaskStatus,
		ID:              task.ID,
		Status:          protocol.TaskCompleted,
		Note:            shortNote(result.Note),
		ExitCode:        result.ExitCode,
		Output:          output,
		OutputTruncated: result.Truncated || cut,
		RunMs:           &ms,
	}
	if !result.EndedAt.IsZero() {
		report.EndedAt = result.EndedAt.UTC().Format(time.RFC3339)
	}
	if err == nil {
		return report
	}
	report.Status, report.Note = protocol.TaskFailed, shortNote(err.Error())
	report.NotBegun = errors.Is(err, ErrNotBegun)
	switch {
	case errors.Is(cause, ErrTimeUp) && !report.NotBegun:
		report.Status, report.Note = protocol.TaskTimedOut, "ended after "+task.Timeout.String()
	case errors.Is(cause, ErrCalledBack), errors.Is(cause, errStopping):
		report.Note = cause.Error()
	}
	return report
}

func shortNote(text string) string {
	short, _ := harmless(text, maxNoteBytes)
	return short
}

// harmless cuts a text, says whether it did, and takes out what is no text: bytes that are no UTF-8, and what moves a
// cursor.
func harmless(text string, limit int) (string, bool) {
	var clean strings.Builder
	for len(text) > 0 {
		char, size := utf8.DecodeRuneInString(text)
		if clean.Len()+max(size, len("\uFFFD")) > limit {
			return clean.String(), true
		}
		if unicode.IsControl(char) && char != '\n' && char != '\t' && char != '\r' {
			char = utf8.RuneError
		}
		clean.WriteRune(char)
		text = text[size:]
	}
	return clean.String(), false
}
