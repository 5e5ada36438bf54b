package command

import (
	"errors"
	"fmt"
	"syscall"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/configuration"
)

func configure(args arguments, world World) int {
	if err := args.parse(); err != nil {
		return misused(world, err)
	}
	change, err := configuration.ReadChange(world.Stdin)
	if err != nil {
		return failed(world, err)
	}
	configured, err := configuration.Apply(args.at(), change)
	if err != nil {
		return failed(world, fmt.Errorf("nothing or only a part was configured: %w", err))
	}
	fmt.Fprintf(world.Stdout, "configured for %s\n", configured.Server)
	// A running agent works with the new configuration from now on; one that does not run reads it when it starts.
	if err := tellRunning(args, syscall.SIGHUP); err != nil && !errors.Is(err, errNotRunning) {
		return failed(world, err)
	}
	return exitOK
}

var errNotRunning = errors.New("the agent does not run")

// tellRunning sends a signal to the running agent.
func tellRunning(args arguments, signal syscall.Signal) error {
	running, err := atomicfile.Holder(args.at().AgentLock())
	if err != nil {
		return err
	}
	if running == 0 {
		return errNotRunning
	}
	if err := syscall.Kill(running, signal); err != nil {
		if errors.Is(err, syscall.ESRCH) {
			return errNotRunning
		}
		return fmt.Errorf("signal the running agent (process %d): %w", running, err)
	}
	return nil
}

func checkIn(args arguments, world World) int {
	if err := args.parse(); err != nil {
		return misused(world, err)
	}
	if err := tellRunning(args, syscall.SIGUSR1); err != nil {
		return failed(world, err)
	}
	fmt.Fprintln(world.Stdout, "asked the running agent to check in")
	return exitOK
}
