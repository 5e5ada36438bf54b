package command

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/configuration"
	"pulumi-kace/reference-agent/internal/connection"
	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/status"
	"pulumi-kace/reference-agent/internal/tasks"
)

func TestBringsItsLogUnlessLogRetentionIsOff(t *testing.T) {
	at := layout.Layout{Root: t.TempDir()}
	logFile := filepath.Join(at.Root, "agent.log")
	if err := os.WriteFile(logFile, []byte("it said this\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := configuration.MakeFolders(at); err != nil {
		t.Fatal(err)
	}
	board, err := status.NewBoard(at, status.Status{}, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	upload := executors(nil, logFile, connection.NewErrands(), board)[tasks.TypeLogUpload]
	for _, one := range []struct{ retention, output, problem string }{
		{"saveAll", "it said this\n", ""},
		{"off", "", "agent logs are turned off"},
		// It is looked at each time: settings change while the agent runs.
		{"saveAll", "it said this\n", ""},
	} {
		board.Change(func(shown *status.Status) { shown.Settings.LogRetention = one.retention })
		result, err := upload.Run(context.Background(), tasks.Task{})
		if result.Output != one.output || (err != nil) != (one.problem != "") {
			t.Errorf("%s: %+v %v", one.retention, result, err)
		}
		if err != nil && !strings.Contains(err.Error(), one.problem) {
			t.Errorf("%s: %v", one.retention, err)
		}
	}
}
