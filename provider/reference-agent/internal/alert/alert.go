// Package alert shows a text to the people who are logged in at the machine.
package alert

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// showTimeout bounds the program that writes to the terminals: one of them may be stopped.
const showTimeout = 20 * time.Second

// Show writes a text to every terminal with `wall`. A machine without it has nobody to show it to, and so it is shown.
// The text goes through a pipe: others can read command lines.
func Show(ctx context.Context, text string) error {
	return showWith(ctx, "wall", text)
}

func showWith(ctx context.Context, program, text string) error {
	ctx, cancel := context.WithTimeout(ctx, showTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, program)
	command.Stdin = strings.NewReader(text + "\n")
	said, err := command.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(string(said)))
	}
	return nil
}
