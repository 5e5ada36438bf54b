// Package command is the agent's command line.
package command

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"pulumi-kace/reference-agent/internal/layout"
)

// World is what a command touches.
type World struct {
	Version string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
}

// Exit codes, which scripts rely on.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitTimeout     = 3
	exitQuarantined = 4
	exitUnwanted    = 5
)

const usage = `kace-agent <command>

  run                             stay connected to the server (what the service runs)
  configure                       read {"server": "host:port", "token": "...", "ca": "PEM"} on stdin
  configure --server host:port [--token-file file|-] [--ca-file file]
                                  the same by arguments; "-" reads the token on stdin
  configure --installed           as KACE_SERVER, KACE_TOKEN and KACE_CA_FILE say, or the name of the
                                  package that is being installed; nothing where neither does
  status [--json]                 what the agent is and whether it is connected
  wait --timeout 30s [--state approved]
                                  until it is connected and has that state; exit code 3: it took
                                  too long, 4: in quarantine, 5: blocked or refused by the server
  check-in                        have the running agent send its inventory now
  uninstall [--all]               remove the agent; --all: its configuration and identity too
  version

Each takes --root <folder> where the agent's files lie below another folder than /.
`

type command func(arguments, World) int

// arguments of one command: its flags are defined before parse is called.
type arguments struct {
	flags *flag.FlagSet
	given []string
	root  *string
}

func (a arguments) parse() error {
	if err := a.flags.Parse(a.given); err != nil {
		return err
	}
	if a.flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", a.flags.Arg(0))
	}
	return nil
}

func (a arguments) at() layout.Layout { return layout.Layout{Root: *a.root} }

var commands = map[string]command{
	"run":       run,
	"configure": configure,
	"status":    showStatus,
	"wait":      wait,
	"check-in":  checkIn,
	"uninstall": uninstall,
	// What an update runs from its copy of the program; nobody calls it by hand.
	"watch-update": watchUpdate,
	"version":      showVersion,
}

// Main runs the command that the arguments name and gives the exit code.
func Main(args []string, world World) int {
	if len(args) == 0 {
		fmt.Fprint(world.Stderr, usage)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "--help":
		fmt.Fprint(world.Stdout, usage)
		return exitOK
	case "-version", "--version":
		args = []string{"version"}
	}
	chosen, known := commands[args[0]]
	if !known {
		fmt.Fprintf(world.Stderr, "kace-agent: there is no command %q\n\n%s", args[0], usage)
		return exitUsage
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	root := flags.String("root", "/", "")
	return chosen(arguments{flags: flags, given: args[1:], root: root}, world)
}

// misused answers a command line that cannot be understood.
func misused(world World, err error) int {
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(world.Stdout, usage)
		return exitOK
	}
	fmt.Fprintf(world.Stderr, "kace-agent: %v\n\n%s", err, usage)
	return exitUsage
}

func failed(world World, err error) int {
	fmt.Fprintf(world.Stderr, "kace-agent: %v\n", err)
	return exitFailed
}

func showVersion(args arguments, world World) int {
	if err := args.parse(); err != nil {
		return misused(world, err)
	}
	fmt.Fprintln(world.Stdout, world.Version)
	return exitOK
}
