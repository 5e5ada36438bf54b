package machinelock

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

const (
	// stateField and startField are counted behind the name of the program (proc(5)).
	stateField = 0
	startField = 19
)

// startOf is when a process began, in ticks since the boot, which together with its number names it for good.
func startOf(pid int) (started string, lives bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", false
	}
	// The name of the program stands in parentheses and may hold anything.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) <= startField || fields[stateField] == "Z" {
		return "", false
	}
	return fields[startField], true
}

// bootID changes with every start of the machine.
func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "none"
	}
	return strings.TrimSpace(string(text))
}

// holderIn is who a lock's text names, if that process lives.
func holderIn(text string) *Held {
	words := strings.Split(text, ":")
	if len(words) != 5 || words[4] != bootID() {
		return nil
	}
	pid, err := strconv.Atoi(words[2])
	if err != nil {
		return nil
	}
	if started, lives := startOf(pid); !lives || started != words[3] {
		return nil
	}
	return &Held{Run: words[0], Owner: words[1]}
}
