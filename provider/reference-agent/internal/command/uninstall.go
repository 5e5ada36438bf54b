package command

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"pulumi-kace/reference-agent/internal/layout"
)

const packageName = "kace-reference-agent"

// uninstall removes the agent the way it was installed: a package through its manager, else what the archive brought.
func uninstall(args arguments, world World) int {
	all := args.flags.Bool("all", false, "")
	if err := args.parse(); err != nil {
		return misused(world, err)
	}
	at := args.at()
	start := func(name string, arguments ...string) error {
		command := exec.Command(name, arguments...)
		command.Stdout, command.Stderr = world.Stdout, world.Stderr
		if err := command.Run(); err != nil {
			return fmt.Errorf("%s %v: %w", name, arguments, err)
		}
		return nil
	}
	var err error
	switch {
	case ownedByDpkg(at):
		err = start("dpkg", map[bool]string{true: "--purge", false: "--remove"}[*all], packageName)
	case ownedByRPM(at):
		err = start("rpm", "--erase", packageName)
	default:
		err = removeArchive(at, start)
	}
	if err != nil {
		return failed(world, err)
	}
	if *all {
		err = errors.Join(
			os.RemoveAll(at.ConfigurationFolder()),
			os.RemoveAll(at.StateFolder()),
			os.RemoveAll(at.LogFolder()),
		)
	}
	if err != nil {
		return failed(world, err)
	}
	fmt.Fprintln(world.Stdout, "removed the agent")
	return exitOK
}

func removeArchive(at layout.Layout, start func(string, ...string) error) error {
	// What lies below another root is no service of this machine.
	if _, err := os.Stat(at.ServiceScript()); err == nil && at.Root == "/" {
		if err := start("/bin/sh", at.ServiceScript(), "unregister"); err != nil {
			return err
		}
	}
	return os.RemoveAll(at.ProgramFolder())
}

// The package managers know the running system only, not what lies below another root.
func ownedByDpkg(at layout.Layout) bool {
	if at.Root != "/" {
		return false
	}
	_, err := os.Stat("/var/lib/dpkg/info/" + packageName + ".list")
	return err == nil
}

func ownedByRPM(at layout.Layout) bool {
	return at.Root == "/" && exec.Command("rpm", "--query", "--quiet", packageName).Run() == nil
}
