package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/configuration"
)

func configure(args arguments, world World) int {
	server := args.flags.String("server", "", "")
	tokenFile := args.flags.String("token-file", "", "")
	caFile := args.flags.String("ca-file", "", "")
	installed := args.flags.Bool("installed", false, "")
	if err := args.parse(); err != nil {
		return misused(world, err)
	}
	if *server == "" && (*tokenFile != "" || *caFile != "") {
		return misused(world, errors.New("--token-file and --ca-file need --server"))
	}
	var change configuration.Change
	var err error
	switch {
	case *installed:
		var given bool
		if change, given, err = asInstalled(); err == nil && !given {
			return exitOK
		}
	case *server != "":
		change, err = asGiven(world, *server, *tokenFile, *caFile)
	default:
		change, err = configuration.ReadChange(world.Stdin)
	}
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

// asInstalled is what an installation was told, by its environment or by the name of its package.
func asInstalled() (configuration.Change, bool, error) {
	if change, given, err := configuration.FromEnvironment(os.LookupEnv); given {
		return change, true, err
	}
	return configuration.FromPackageName(configuration.PackageAbove("/proc", os.Getppid()))
}

const maxTokenFileBytes = 4096

// asGiven is what arguments say; a token file "-" is stdin, so that the token is in no command line.
func asGiven(world World, server, tokenFile, caFile string) (configuration.Change, error) {
	token := ""
	if tokenFile != "" {
		from := world.Stdin
		if tokenFile != "-" {
			file, err := os.Open(tokenFile)
			if err != nil {
				return configuration.Change{}, err
			}
			defer file.Close()
			from = file
		}
		text, err := io.ReadAll(io.LimitReader(from, maxTokenFileBytes))
		if err != nil {
			return configuration.Change{}, err
		}
		if token = strings.TrimSpace(string(text)); token == "" {
			return configuration.Change{}, errors.New("the token is empty")
		}
	}
	return configuration.Given(server, token, caFile)
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
