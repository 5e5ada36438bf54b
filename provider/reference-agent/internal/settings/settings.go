// Package settings is what the server has its agents live by.
package settings

import (
	"encoding/json"
	"fmt"
	"time"
)

const (
	minInterval = time.Second
	maxInterval = 30 * 24 * time.Hour
	// maxTextBytes is how much of a text of the server's is kept.
	maxTextBytes = 1 << 10
)

// Settings of the organization that the device belongs to. They can be compared.
type Settings struct {
	// Revision tells settings from later ones; 0 where the server has never told any.
	Revision             int64  `json:"revision"`
	CommunicationsWindow Window `json:"communicationsWindow"`
	// RunIntervalSeconds is how often the agent checks in.
	RunIntervalSeconds float64 `json:"runIntervalSeconds"`
	// InventoryIntervalSeconds is how often it brings its inventory; 0: at every check-in.
	InventoryIntervalSeconds float64 `json:"inventoryIntervalSeconds"`
	// SplashText is what users read when the agent begins work that concerns them; empty: nothing.
	SplashText string `json:"splashText"`
	// ScriptingUpdateIntervalSeconds is how often the agent looks for the latest scripts.
	ScriptingUpdateIntervalSeconds float64 `json:"scriptingUpdateIntervalSeconds"`
	// LogRetention is "saveAll" or "off": whether the server keeps what scripts say.
	LogRetention string `json:"logRetention"`
}

// Default is what an agent lives by whose server has never told any settings.
func Default() Settings {
	return Settings{
		CommunicationsWindow:           Always,
		RunIntervalSeconds:             time.Hour.Seconds(),
		ScriptingUpdateIntervalSeconds: (8 * time.Hour).Seconds(),
		LogRetention:                   "saveAll",
	}
}

// Parse reads settings as the server tells them. What it leaves out is as in Default, so that a later server may say
// less; what is there and cannot be lived by is an error.
func Parse(text []byte) (Settings, error) {
	read := Default()
	if err := json.Unmarshal(text, &read); err != nil {
		return Settings{}, fmt.Errorf("the server's settings are not understood: %w", err)
	}
	if !read.CommunicationsWindow.valid() {
		return Settings{}, fmt.Errorf("the server's settings have no communications window: %.40q to %.40q", read.CommunicationsWindow.From, read.CommunicationsWindow.To)
	}
	if !(read.RunIntervalSeconds > 0) || !(read.InventoryIntervalSeconds >= 0) || !(read.ScriptingUpdateIntervalSeconds > 0) {
		return Settings{}, fmt.Errorf("the server's settings have an interval of %g, %g or %g s", read.RunIntervalSeconds, read.InventoryIntervalSeconds, read.ScriptingUpdateIntervalSeconds)
	}
	if len(read.SplashText) > maxTextBytes || len(read.LogRetention) > maxTextBytes {
		return Settings{}, fmt.Errorf("the server's settings have a text of more than %d bytes", maxTextBytes)
	}
	return read, nil
}

// RunInterval is between a second and 30 days.
func (s Settings) RunInterval() time.Duration { return bounded(s.RunIntervalSeconds) }

// ForScripts are settings by whose run interval and window the agent looks for the latest scripts.
func (s Settings) ForScripts() Settings {
	s.RunIntervalSeconds = s.ScriptingUpdateIntervalSeconds
	return s
}

// RunsPerInventory is at which of its check-ins the agent brings its inventory: 1 at each, 2 at every other.
func (s Settings) RunsPerInventory() int {
	if s.InventoryIntervalSeconds == 0 {
		return 1
	}
	run, inventory := s.RunInterval(), bounded(s.InventoryIntervalSeconds)
	return max(1, int((inventory+run-1)/run))
}

func bounded(seconds float64) time.Duration {
	return time.Duration(min(max(seconds*float64(time.Second), float64(minInterval)), float64(maxInterval)))
}
