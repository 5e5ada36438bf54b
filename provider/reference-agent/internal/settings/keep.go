package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/layout"
)

// kept are the settings of one server: another one's are not lived by.
type kept struct {
	Server   string          `json:"server"`
	Settings json.RawMessage `json:"settings"`
}

// Keep writes what a server told, so that a start without it knows.
func Keep(at layout.Layout, server string, told Settings) error {
	settings, err := json.Marshal(told)
	if err != nil {
		return err
	}
	text, err := json.Marshal(kept{Server: server, Settings: settings})
	if err != nil {
		return err
	}
	return atomicfile.Write(at.Settings(), append(text, '\n'), 0o600)
}

// Kept gives what this server told last, and Default where it never told any. A file that cannot be understood comes
// with an error beside the default: the server tells all of it again.
func Kept(at layout.Layout, server string) (Settings, error) {
	text, err := os.ReadFile(at.Settings())
	if errors.Is(err, fs.ErrNotExist) {
		return Default(), nil
	}
	if err != nil {
		return Default(), err
	}
	var read kept
	if err := json.Unmarshal(text, &read); err != nil {
		return Default(), fmt.Errorf("%s: %w", at.Settings(), err)
	}
	if read.Server != server {
		return Default(), nil
	}
	told, err := Parse(read.Settings)
	if err != nil {
		return Default(), fmt.Errorf("%s: %w", at.Settings(), err)
	}
	return told, nil
}
