package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
)

// Tail gives the last bytes of a log file, and of the one before it where the file is shorter; and whether there were
// more.
func Tail(path string, limit int64) (string, bool, error) {
	newest, more, err := tailOf(path, limit)
	if err != nil || more {
		return newest, more, err
	}
	before, more, err := tailOf(path+".1", limit-int64(len(newest)))
	return before + newest, more, err
}

// tailOf is empty where there is no such file.
func tailOf(path string, limit int64) (text string, more bool, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return "", false, err
	}
	from := max(info.Size()-limit, 0)
	// Not to the end: somebody may be writing.
	read, err := io.ReadAll(io.NewSectionReader(file, from, min(info.Size(), limit)))
	return string(read), from > 0, err
}

// OfService gives the last lines of what systemd keeps of a service.
func OfService(ctx context.Context, service string, lines int) (string, error) {
	command := exec.CommandContext(ctx, "journalctl", "--unit", service, "--lines", fmt.Sprint(lines), "--output", "short-iso", "--no-pager", "--quiet")
	text, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("journalctl: %w", err)
	}
	return string(text), nil
}
