package selfupdate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// runner runs a program of the machine and gives what it said on both streams.
type runner func(ctx context.Context, program string, args ...string) (string, error)

const (
	// installTimeout bounds one run of a package tool: an installer that hangs must not keep the machine without its agent.
	installTimeout = 5 * time.Minute
	// lockPatience is how long another run of the package tool is waited for.
	lockPatience = 5 * time.Minute
	lockPause    = 3 * time.Second
	maxTail      = 300
)

// execute runs a program in a process group of its own, which ends with the context.
func execute(ctx context.Context, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(os.Environ(), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	// A daemon that a package's script starts may keep the stream open.
	command.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	err := command.Run()
	switch {
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return said.String(), fmt.Errorf("%s did not end within %s", program, installTimeout)
	case errors.Is(err, exec.ErrWaitDelay):
		return said.String(), nil
	case err != nil:
		return said.String(), fmt.Errorf("%s: %w: %s", program, err, tail(said.String()))
	}
	return said.String(), nil
}

// tail is the end of what a program said, in one line.
func tail(said string) string {
	text := strings.Join(strings.Fields(said), " ")
	if len(text) > maxTail {
		return "..." + text[len(text)-maxTail:]
	}
	return text
}

// install puts a package in place by the machine's own tool, over whatever version is there. The package's script
// restarts the service.
func install(ctx context.Context, run runner, format, file string, rest func(context.Context, time.Duration)) error {
	for waited := time.Duration(0); ; waited += lockPause {
		said, err := installOnce(ctx, run, format, file)
		if err == nil || ctx.Err() != nil || waited >= lockPatience || !isLocked(said) {
			return err
		}
		rest(ctx, lockPause)
	}
}

func installOnce(ctx context.Context, run runner, format, file string) (string, error) {
	switch format {
	case FormatDeb:
		return run(ctx, "dpkg", "--force-confold", "--install", file)
	case FormatRPM:
		// Another run of the tool may have been cut off after its work was done, and older ones may be put back.
		return run(ctx, "rpm", "--upgrade", "--oldpackage", "--replacepkgs", "--replacefiles", file)
	}
	if said, err := run(ctx, "tar", "-xzf", file, "-C", "/"); err != nil {
		return said, err
	}
	return run(ctx, "sh", "/opt/kace-reference/install.sh")
}

// isLocked says whether a package tool gave up because another run of it is under way.
func isLocked(said string) bool {
	return strings.Contains(said, "lock") && (strings.Contains(said, "dpkg") || strings.Contains(said, "transaction"))
}

// installedFormat is how the agent came onto this machine.
func installedFormat(ctx context.Context, run runner) string {
	if said, err := run(ctx, "dpkg-query", "--show", "--showformat=${db:Status-Abbrev}", packageName); err == nil && strings.HasPrefix(said, "i") {
		return FormatDeb
	}
	if _, err := run(ctx, "rpm", "--query", packageName); err == nil {
		return FormatRPM
	}
	return FormatTar
}

// copyTree copies the files and folders below `from`; the program folder holds nothing else.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		about, err := entry.Info()
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return os.MkdirAll(target, about.Mode().Perm())
		case !about.Mode().IsRegular():
			return nil
		}
		return copyFile(path, target, about.Mode().Perm())
	})
}

// copyFile puts a copy in place of what is there. A program that runs keeps running: its name gets another file.
func copyFile(from, to string, mode os.FileMode) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	draft := to + ".new"
	target, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = target.ReadFrom(source)
	if err := errors.Join(err, target.Chmod(mode), target.Sync(), target.Close()); err != nil {
		return errors.Join(err, os.Remove(draft))
	}
	return os.Rename(draft, to)
}

// treeBytes is how much the files below a folder hold.
func treeBytes(folder string) (int64, error) {
	var total int64
	err := filepath.WalkDir(folder, func(_ string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		about, err := entry.Info()
		if err != nil {
			return err
		}
		total += about.Size()
		return nil
	})
	return total, err
}
