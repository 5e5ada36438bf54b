package configuration

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// What an installation tells the agent by its environment.
const (
	ServerVariable = "KACE_SERVER"
	TokenVariable  = "KACE_TOKEN"
	CAFileVariable = "KACE_CA_FILE"
)

// CABeside is the file with the authority that may lie beside a package which names its server.
const CABeside = "kace-ca.pem"

// The port of servers that are named without one.
const defaultPort = "8443"

// The file name of a package with the server, and mostly a token, behind its own: _<host>[~<port>][+<token>].
var namedPackage = regexp.MustCompile(
	`^kace-reference-agent[_-][0-9].*[_.-](?:amd64|arm64|x86_64|aarch64)_([A-Za-z0-9.-]+)(?:~([0-9]+))?(?:\+(.+))?\.(?:deb|rpm|tar\.gz)$`)

// FromEnvironment is what the environment of an installation says of the server; false where it says nothing.
func FromEnvironment(lookup func(string) (string, bool)) (Change, bool, error) {
	server, given := lookup(ServerVariable)
	if !given || server == "" {
		return Change{}, false, nil
	}
	token, _ := lookup(TokenVariable)
	caFile, _ := lookup(CAFileVariable)
	change, err := Given(server, token, caFile)
	return change, true, err
}

// FromPackageName is what the file name of a package says of the server; false where it says nothing.
func FromPackageName(path string) (Change, bool, error) {
	parts := namedPackage.FindStringSubmatch(filepath.Base(path))
	if parts == nil {
		return Change{}, false, nil
	}
	port := parts[2]
	if port == "" {
		port = defaultPort
	}
	caFile := filepath.Join(filepath.Dir(path), CABeside)
	if _, err := os.Stat(caFile); errors.Is(err, os.ErrNotExist) {
		caFile = ""
	}
	change, err := Given(parts[1]+":"+port, parts[3], caFile)
	return change, true, err
}

// Given makes a change of what was said in words; an empty token or file was not said. Its errors never quote the token.
func Given(server, token, caFile string) (Change, error) {
	if !strings.Contains(server, ":") {
		server += ":" + defaultPort
	}
	change := Change{Server: server}
	if token != "" {
		change.Token = &token
	}
	if caFile != "" {
		text, err := os.ReadFile(caFile)
		if err != nil {
			return Change{}, fmt.Errorf("the authority's certificate: %w", err)
		}
		ca := string(text)
		change.CA = &ca
	}
	return change.checked()
}

// The processes above an installation are its shell, the package manager and whoever called that.
const maxAncestors = 8

// PackageAbove finds the package that is being installed: the first path that names a server in the command lines of a
// process and those above it. Neither dpkg nor rpm tells its scripts the name of the file.
//
// proc is /proc, and process the first one that is looked at. Empty: none was found.
func PackageAbove(proc string, process int) string {
	for range maxAncestors {
		folder := filepath.Join(proc, strconv.Itoa(process))
		text, err := os.ReadFile(filepath.Join(folder, "cmdline"))
		if err != nil {
			return "" // there is none above
		}
		for argument := range bytes.SplitSeq(text, []byte{0}) {
			path := string(argument)
			if !namedPackage.MatchString(filepath.Base(path)) {
				continue
			}
			if filepath.IsAbs(path) {
				return path
			}
			if folder, err := os.Readlink(filepath.Join(folder, "cwd")); err == nil {
				return filepath.Join(folder, path)
			}
			return path
		}
		if process = parentOf(folder); process <= 1 {
			return ""
		}
	}
	return ""
}

func parentOf(folder string) int {
	text, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if value, is := strings.CutPrefix(line, "PPid:"); is {
			parent, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil {
				return 0
			}
			return parent
		}
	}
	return 0
}
