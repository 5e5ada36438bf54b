package configuration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFromPackageName(t *testing.T) {
	for _, one := range []struct{ name, server, token string }{
		{"kace-reference-agent_1.4.2_amd64_kbox.corp.example~9443+canary-t0ken.deb", "kbox.corp.example:9443", "canary-t0ken"},
		{"kace-reference-agent_1.4.2_arm64_kbox.deb", "kbox:8443", ""},
		{"kace-reference-agent-1.4.2-1.x86_64_kbox~443+a+b=.rpm", "kbox:443", "a+b="},
		{"kace-reference-agent-1.4.2-linux-amd64_kbox.example+t.tar.gz", "kbox.example:8443", "t"},
	} {
		change, given, err := FromPackageName("/nowhere/" + one.name)
		if !given || err != nil {
			t.Errorf("%s: %v, %v", one.name, given, err)
			continue
		}
		token := ""
		if change.Token != nil {
			token = *change.Token
		}
		if change.Server != one.server || token != one.token || change.CA != nil {
			t.Errorf("%s: %s %q", one.name, change.Server, token)
		}
	}
	for _, name := range []string{
		"kace-reference-agent_1.4.2_amd64.deb",
		"kace-reference-agent-1.4.2-1.x86_64.rpm",
		"kace-reference-agent-1.4.2-linux-amd64.tar.gz",
		"other_1.4.2_amd64_kbox+t.deb",
		"",
	} {
		if _, given, err := FromPackageName(name); given || err != nil {
			t.Errorf("%q names a server: %v", name, err)
		}
	}
	_, given, err := FromPackageName("kace-reference-agent_1.4.2_amd64_kbox~99999+canary.deb")
	if !given || err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a port beyond 65535: %v", err)
	}
}

func TestFromEnvironment(t *testing.T) {
	folder := t.TempDir()
	caFile := filepath.Join(folder, "ca.pem")
	if err := os.WriteFile(caFile, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		name   string
		given  map[string]string
		server string
		says   string
	}{
		{"a server", map[string]string{ServerVariable: "Kbox:443", TokenVariable: "canary"}, "kbox:443", ""},
		{"a server without a port", map[string]string{ServerVariable: "kbox"}, "kbox:8443", ""},
		{"a token of two lines", map[string]string{ServerVariable: "kbox:443", TokenVariable: "canary\ncanary"}, "", "printable"},
		{"an authority that is none", map[string]string{ServerVariable: "kbox:443", CAFileVariable: caFile}, "", "no PEM certificate"},
		{"an authority that is not there", map[string]string{ServerVariable: "kbox:443", CAFileVariable: caFile + "x"}, "", "no such file"},
	} {
		t.Run(one.name, func(t *testing.T) {
			change, given, err := FromEnvironment(func(name string) (string, bool) {
				value, known := one.given[name]
				return value, known
			})
			if !given || change.Server != one.server {
				t.Errorf("%v %q", given, change.Server)
			}
			if (err == nil) != (one.says == "") || err != nil && !strings.Contains(err.Error(), one.says) {
				t.Errorf("it says %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("it repeats the token: %v", err)
			}
		})
	}
	if _, given, err := FromEnvironment(func(string) (string, bool) { return "", false }); given || err != nil {
		t.Errorf("nothing was said: %v %v", given, err)
	}
}

func TestPackageAbove(t *testing.T) {
	proc := t.TempDir()
	named := "kace-reference-agent_1.4.2_amd64_kbox+t.deb"
	process := func(number, parent, cwd string, commandLine ...string) {
		folder := filepath.Join(proc, number)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string]string{
			"cmdline": strings.Join(commandLine, "\x00") + "\x00",
			"status":  "Name:\tx\nPPid:\t" + parent + "\n",
		} {
			if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(cwd, filepath.Join(folder, "cwd")); err != nil {
			t.Fatal(err)
		}
	}
	process("10", "1", "/srv", "apt", "install", "./"+named)
	process("11", "10", "/", "dpkg", "--configure", "kace-reference-agent")
	process("12", "11", "/", "sh", "postinst")
	process("20", "1", "/", "dpkg", "-i", "/tmp/"+named)
	process("30", "1", "/", "bash")
	for number, expected := range map[int]string{12: "/srv/" + named, 20: "/tmp/" + named, 30: "", 99: ""} {
		if found := PackageAbove(proc, number); found != expected {
			t.Errorf("above %d is %q", number, found)
		}
	}
}
