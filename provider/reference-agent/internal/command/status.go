package command

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"pulumi-kace/reference-agent/internal/configuration"
	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/status"
)

func showStatus(args arguments, world World) int {
	asJSON := args.flags.Bool("json", false, "")
	if err := args.parse(); err != nil {
		return misused(world, err)
	}
	shown, err := status.Read(args.at())
	if err != nil {
		return failed(world, err)
	}
	if *asJSON {
		return printJSON(world, shown)
	}
	for _, line := range [][2]string{
		{"version", shown.AgentVersion},
		{"server", shown.Server},
		{"running", runningText(shown.PID)},
		{"connected", map[bool]string{true: "yes", false: "no"}[shown.Connected]},
		{"state", withReason(shown)},
		{"since", shown.Since},
		{"kuid", shown.KUID},
		{"trusts", shown.Trusts},
		{"last error", shown.LastError},
		{"checked in", shown.LastCheckIn},
		{"settings", livedBy(shown)},
		{"scripts", scriptsText(shown.ScriptsHeld)},
		{"splash text", printable(shown.Settings.SplashText)},
	} {
		if line[1] != "" {
			fmt.Fprintf(world.Stdout, "%-12s%s\n", line[0], line[1])
		}
	}
	return exitOK
}

// livedBy says settings in one line.
func livedBy(shown status.Status) string {
	lived := shown.Settings
	if lived.RunIntervalSeconds == 0 {
		return ""
	}
	window := lived.CommunicationsWindow
	when := fmt.Sprintf("from %s to %s", window.From, window.To)
	if window.From == window.To {
		when = "at any time"
	}
	if shown.Waiting {
		when += " (a check-in waits for that)"
	}
	inventories := "always"
	if lived.InventoryIntervalSeconds > 0 {
		inventories = fmt.Sprintf("every %s", time.Duration(lived.InventoryIntervalSeconds)*time.Second)
	}
	return fmt.Sprintf("check-in every %s %s, inventory %s, scripts every %s, logs %s, revision %d", lived.RunInterval(),
		when, inventories, time.Duration(lived.ScriptingUpdateIntervalSeconds)*time.Second, printable(lived.LogRetention), lived.Revision)
}

// printable leaves out what moves a cursor: the text comes from the server.
func printable(text string) string {
	return strings.Map(func(letter rune) rune {
		if unicode.IsControl(letter) {
			return -1
		}
		return letter
	}, text)
}

func runningText(pid int) string {
	if pid == 0 {
		return "no"
	}
	return fmt.Sprintf("yes (process %d)", pid)
}

func scriptsText(held int) string {
	switch held {
	case 0:
		return ""
	case 1:
		return "1 waits for its time"
	default:
		return fmt.Sprintf("%d wait for their time", held)
	}
}

func withReason(shown status.Status) string {
	if shown.Reason == "" {
		return shown.State
	}
	return fmt.Sprintf("%s (%s)", shown.State, shown.Reason)
}

func printJSON(world World, shown status.Status) int {
	text, err := json.Marshal(shown)
	if err != nil {
		return failed(world, err)
	}
	if _, err := io.WriteString(world.Stdout, string(text)+"\n"); err != nil {
		return failed(world, err)
	}
	return exitOK
}

const pollEvery = 200 * time.Millisecond

func wait(args arguments, world World) int {
	timeout := args.flags.Duration("timeout", 30*time.Second, "")
	wanted := args.flags.String("state", status.Approved, "")
	if err := args.parse(); err != nil {
		return misused(world, err)
	}
	switch *wanted {
	case status.Approved, status.Quarantined, status.Blocked:
	default:
		return misused(world, fmt.Errorf("--state must be approved, quarantined or blocked, not %q", *wanted))
	}
	deadline := time.After(*timeout)
	for {
		shown, current, err := readCurrent(args.at())
		if err != nil {
			return failed(world, err)
		}
		if verdict, decided := decide(shown, current, *wanted); decided {
			return finish(world, shown, verdict)
		}
		select {
		case <-deadline:
			return finish(world, shown, exitTimeout)
		case <-time.After(pollEvery):
		}
	}
}

// readCurrent reads the status, and whether it is the running agent's about the configuration that is on disk now.
func readCurrent(at layout.Layout) (status.Status, bool, error) {
	configured, err := configuration.Read(at)
	if err != nil {
		return status.Status{}, false, err
	}
	shown, err := status.Read(at)
	if err != nil {
		return status.Status{}, false, err
	}
	current := shown.PID != 0 && shown.Server == configured.Server && shown.Generation == configured.Generation
	return shown, current, nil
}

// decide says whether waiting is over, and with which exit code.
func decide(shown status.Status, current bool, wanted string) (int, bool) {
	switch {
	case !current:
		return 0, false
	case shown.Connected && shown.State == wanted:
		return exitOK, true
	case shown.Refused, shown.State == status.Blocked:
		// A server may end the connections of devices that it does not want.
		return exitUnwanted, true
	case shown.Connected && shown.State == status.Quarantined:
		return exitQuarantined, true
	default:
		return 0, false
	}
}

func finish(world World, shown status.Status, verdict int) int {
	if printed := printJSON(world, shown); printed != exitOK {
		return printed
	}
	return verdict
}
