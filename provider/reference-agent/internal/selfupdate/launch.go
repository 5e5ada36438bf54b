package selfupdate

import (
	"context"
	_ "embed"
	"os"
	"os/exec"
	"syscall"

	"pulumi-kace/reference-agent/internal/layout"
)

//go:embed watchdog.service
var watchdogUnitText string

// launch starts the watchdog so that it outlives the agent. Without systemd it is a session of its own; after a reboot
// the agent's start script starts it again.
func launch(ctx context.Context, at layout.Layout) (err error) {
	if bootedWithSystemd(at) {
		return callIn(ctx, at, watchdogUnitText)
	}
	nowhere, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	// Not bound to the context: that ends with the agent.
	command := exec.Command(folder{at}.watchdog(), "watch-update", "--log-file", at.Resolve("/var/log/kace-reference/update.log"))
	command.Dir = "/"
	command.Stdin, command.Stdout, command.Stderr = nowhere, nowhere, nowhere
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		_ = nowhere.Close() // the start's own error is the one to tell
		return err
	}
	if err := nowhere.Close(); err != nil {
		return err
	}
	return command.Process.Release()
}
