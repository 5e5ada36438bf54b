package inventory

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"pulumi-kace/reference-agent/internal/layout"
)

func TestReadsOSRelease(t *testing.T) {
	cases := map[string]struct{ text, id, version, name string }{
		"Debian": {"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n", "debian", "12", "Debian GNU/Linux 12 (bookworm)"},
		"Rocky":  {"NAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nVERSION_ID='9.4'\nPRETTY_NAME=\"Rocky Linux 9.4\"\n", "rocky", "9.4", "Rocky Linux 9.4"},
		"quoted": {"# comment\n\n  ID=x\nPRETTY_NAME=\"a \\\"b\\\" \\$c\"\nno equals\n", "x", "", `a "b" $c`},
		"none":   {"", "", "", ""},
	}
	for name, one := range cases {
		got := ParseOSRelease([]byte(one.text))
		if got.ID != one.id || got.Version != one.version || got.Name != one.name || got.Platform != "linux" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestHashesTheMachineID(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "uninitialized\n": "",
		"0123456789abcdef0123456789abcdef\n": "3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9",
	} {
		if got := HashMachineID([]byte(text)); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func TestLooksAtThisMachine(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	// A minimal system without /etc/machine-id and os-release is one too.
	machine, err := Look(layout.Layout{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	if machine.Hostname == "" || machine.CPUs < 1 || machine.MemoryBytes < 1<<20 || machine.ID != "" {
		t.Errorf("%+v", machine)
	}
	if machine.Addresses == nil || machine.MACs == nil {
		t.Errorf("lists must be empty, not absent: %+v", machine)
	}
	for _, address := range machine.Addresses {
		if parsed := net.ParseIP(address); parsed == nil || parsed.IsLoopback() {
			t.Errorf("address %s", address)
		}
	}
}
