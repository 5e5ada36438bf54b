package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnswersMisuse(t *testing.T) {
	cases := []struct {
		name, stdin string
		args        []string
		code        int
		says        string
	}{
		{"an unknown command", "", []string{"reinstall"}, exitUsage, `no command "reinstall"`},
		{"an unknown flag", "", []string{"status", "--yaml"}, exitUsage, "yaml"},
		{"an argument too many", "", []string{"version", "now"}, exitUsage, `"now"`},
		{"an unknown state", "", []string{"wait", "--state", "happy"}, exitUsage, "happy"},
		{"a duration without a unit", "", []string{"wait", "--timeout", "30"}, exitUsage, "30"},
		{"waiting without a configuration", "", []string{"wait", "--timeout", "0s"}, exitFailed, "not configured"},
		{"no JSON", "server=x", []string{"configure"}, exitFailed, "expected JSON"},
		{"no server", `{"token":"canary"}`, []string{"configure"}, exitFailed, "host:port"},
		{"a server without a port", `{"server":"kace.example.com"}`, []string{"configure"}, exitFailed, "host:port"},
		{"a port beyond 65535", `{"server":"kace:70000"}`, []string{"configure"}, exitFailed, "1 to 65535"},
		{"a path for a server", `{"server":"kace/agent:443"}`, []string{"configure"}, exitFailed, "letters"},
		{"a token of two lines", `{"server":"kace:443","token":"canary\ncanary"}`, []string{"configure"}, exitFailed, "printable"},
		{"a token file without a server", "canary", []string{"configure", "--token-file", "-"}, exitUsage, "need --server"},
		{"an empty token", "\n", []string{"configure", "--server", "kace:443", "--token-file", "-"}, exitFailed, "empty"},
		{"a server of no name", "canary", []string{"configure", "--server", "kace/x", "--token-file", "-"}, exitFailed, "letters"},
		{"an authority that is none", `{"server":"kace:443","ca":"hello"}`, []string{"configure"}, exitFailed, "no PEM certificate"},
	}
	for _, one := range cases {
		t.Run(one.name, func(t *testing.T) {
			root := t.TempDir()
			code, stdout, stderr := kace(t, root, one.stdin, one.args...)
			if code != one.code || !strings.Contains(stderr, one.says) {
				t.Errorf("%d: %s", code, stderr)
			}
			if strings.Contains(stdout+stderr, "canary") {
				t.Errorf("it repeats the token: %s%s", stdout, stderr)
			}
			if left, err := filepath.Glob(filepath.Join(root, "*")); err != nil || len(left) > 0 {
				t.Errorf("it wrote %v %v", left, err)
			}
		})
	}
}

func TestSaysItsVersion(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}} {
		if code, stdout, _ := kace(t, t.TempDir(), "", args...); code != exitOK || stdout != "1.4.2\n" {
			t.Errorf("%v: %d %q", args, code, stdout)
		}
	}
}

func TestUninstallsWhatAnArchiveBrought(t *testing.T) {
	for _, one := range []struct {
		args []string
		gone []string
		left []string
	}{
		{[]string{"uninstall"}, []string{"opt/kace-reference"}, []string{"etc/kace-reference/agent.json", "var/lib/kace-reference"}},
		{[]string{"uninstall", "--all"}, []string{"opt/kace-reference", "etc/kace-reference", "var/lib/kace-reference"}, nil},
	} {
		t.Run(strings.Join(one.args, " "), func(t *testing.T) {
			root := t.TempDir()
			kace(t, root, `{"server":"kace:443"}`, "configure")
			if err := os.MkdirAll(filepath.Join(root, "opt/kace-reference/bin"), 0o755); err != nil {
				t.Fatal(err)
			}
			if code, _, stderr := kace(t, root, "", one.args...); code != exitOK {
				t.Fatalf("%d: %s", code, stderr)
			}
			for _, path := range one.gone {
				if _, err := os.Stat(filepath.Join(root, path)); !os.IsNotExist(err) {
					t.Errorf("%s: %v", path, err)
				}
			}
			for _, path := range one.left {
				if _, err := os.Stat(filepath.Join(root, path)); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
		})
	}
}
