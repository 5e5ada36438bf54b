// Package inventory looks at the machine the agent runs on.
package inventory

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/protocol"
)

// Machine is what can be seen of a machine. Facts that it does not tell are empty or 0.
type Machine struct {
	Hostname string
	OS       protocol.OS
	// ID is the SHA-256 in hex of the id in /etc/machine-id, without the end of its line: the id itself is confidential
	// (machine-id(5)).
	ID            string
	Addresses     []string
	MACs          []string
	MemoryBytes   uint64
	CPUs          int
	UptimeSeconds uint64
}

// Look looks at the machine now.
func Look(at layout.Layout) (Machine, error) {
	hostname, err := os.Hostname()
	if err != nil {
		return Machine{}, err
	}
	release, err := readFirst(at.Resolve("/etc/os-release"), at.Resolve("/usr/lib/os-release"))
	if err != nil {
		return Machine{}, err
	}
	id, err := readFirst(at.Resolve("/etc/machine-id"))
	if err != nil {
		return Machine{}, err
	}
	addresses, macs, err := network()
	if err != nil {
		return Machine{}, err
	}
	machine := Machine{
		Hostname:  hostname,
		OS:        ParseOSRelease(release),
		ID:        HashMachineID(id),
		Addresses: addresses,
		MACs:      macs,
		CPUs:      runtime.NumCPU(),
	}
	var system syscall.Sysinfo_t
	if err := syscall.Sysinfo(&system); err != nil {
		return Machine{}, err
	}
	machine.MemoryBytes = uint64(system.Totalram) * uint64(system.Unit)
	machine.UptimeSeconds = uint64(max(system.Uptime, 0))
	return machine, nil
}

// ParseOSRelease reads the lines of os-release(5) that name the system.
func ParseOSRelease(text []byte) protocol.OS {
	system := protocol.OS{Platform: runtime.GOOS, Architecture: runtime.GOARCH}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		name, value, found := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		if !found {
			continue
		}
		switch name {
		case "ID":
			system.ID = unquote(value)
		case "VERSION_ID":
			system.Version = unquote(value)
		case "PRETTY_NAME":
			system.Name = unquote(value)
		}
	}
	return system
}

// unquote takes the shell's quotes off, and its backslashes inside double quotes.
func unquote(value string) string {
	if len(value) < 2 || value[0] != value[len(value)-1] {
		return value
	}
	inner := value[1 : len(value)-1]
	switch value[0] {
	case '\'':
		return inner
	case '"':
		return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, `$`, "\\`", "`").Replace(inner)
	default:
		return value
	}
}

// HashMachineID is empty where the machine has no id (yet).
func HashMachineID(text []byte) string {
	id := strings.TrimSpace(string(text))
	if id == "" || id == "uninitialized" {
		return ""
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

// maxEntries keeps a message small on a host of thousands of containers.
const maxEntries = 64

func network() (addresses, macs []string, err error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, nil, err
	}
	// Not nil: the protocol wants lists, and nil becomes null.
	addresses, macs = []string{}, []string{}
	for _, one := range interfaces {
		if one.Flags&net.FlagLoopback != 0 || one.Flags&net.FlagUp == 0 {
			continue
		}
		if mac := one.HardwareAddr.String(); mac != "" && !slices.Contains(macs, mac) && len(macs) < maxEntries {
			macs = append(macs, mac)
		}
		own, err := one.Addrs()
		if err != nil {
			// The interface went away since it was listed.
			continue
		}
		for _, address := range own {
			if prefix, isPrefix := address.(*net.IPNet); isPrefix && prefix.IP.IsGlobalUnicast() && len(addresses) < maxEntries {
				addresses = append(addresses, prefix.IP.String())
			}
		}
	}
	return addresses, macs, nil
}

// readFirst reads the first of these files that is there; none is no error: minimal systems lack them.
func readFirst(paths ...string) ([]byte, error) {
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err == nil {
			return text, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, nil
}
