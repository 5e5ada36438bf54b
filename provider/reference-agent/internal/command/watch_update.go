package command

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"pulumi-kace/reference-agent/internal/selfupdate"
)

// watchUpdate carries the update under way to its end, and does nothing where there is none.
func watchUpdate(args arguments, world World) int {
	logFile := args.flags.String("log-file", "", "")
	newSession := args.flags.Bool("new-session", false, "")
	if err := args.parse(); err != nil {
		return misused(world, err)
	}
	log, err := begin(world, *logFile, *newSession)
	if err != nil {
		return failed(world, err)
	}
	stopping, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := selfupdate.Watch(stopping, args.at(), log); err != nil {
		log.Error("the update goes on later", "error", err)
		return exitFailed
	}
	return exitOK
}
