package selfupdate

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// packageName is what dpkg and rpm know the agent by.
const packageName = "kace-reference-agent"

// identity is what a package says of itself.
type packageIdentity struct{ name, version, architecture string }

// rpmArchitectures are RPM's words for Go's, which are Debian's too.
var rpmArchitectures = map[string]string{"amd64": "x86_64", "arm64": "aarch64"}

// elfMachines are the numbers of processors in ELF headers (e_machine).
var elfMachines = map[uint16]string{62: "amd64", 183: "arm64"}

// inspect reads what a package says of itself, by the tool that would install it.
func inspect(ctx context.Context, run runner, format, file string) (packageIdentity, error) {
	// What a package says of itself lies at its beginning; one that is cut behind that must not get as far as the installer.
	switch format {
	case FormatDeb:
		if _, err := run(ctx, "dpkg-deb", "--contents", file); err != nil {
			return packageIdentity{}, unreadable(err)
		}
		said, err := run(ctx, "dpkg-deb", "--show", "--showformat=${Package} ${Version} ${Architecture}", file)
		return identityIn(said, err)
	case FormatRPM:
		if _, err := run(ctx, "rpm", "--checksig", "--nosignature", file); err != nil {
			return packageIdentity{}, unreadable(err)
		}
		said, err := run(ctx, "rpm", "--query", "--package", "--nosignature", "--queryformat=%{NAME} %{VERSION} %{ARCH}", file)
		return identityIn(said, err)
	}
	return inspectArchive(file)
}

func identityIn(said string, err error) (packageIdentity, error) {
	if err != nil {
		return packageIdentity{}, unreadable(err)
	}
	// rpm warns on the same stream; the answer is its last line.
	lines := strings.Split(strings.TrimSpace(said), "\n")
	words := strings.Fields(lines[len(lines)-1])
	if len(words) != 3 {
		return packageIdentity{}, fmt.Errorf("the package says of itself only %q", tail(said))
	}
	return packageIdentity{words[0], words[1], words[2]}, nil
}

func unreadable(err error) error { return fmt.Errorf("the package cannot be read: %w", err) }

const archiveFolder = "opt/kace-reference/"

// inspectArchive reads an archive to its end, so that one which is cut or damaged is found before it is unpacked.
func inspectArchive(file string) (found packageIdentity, err error) {
	opened, err := os.Open(file)
	if err != nil {
		return packageIdentity{}, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	unpacked, err := gzip.NewReader(opened)
	if err != nil {
		return packageIdentity{}, fmt.Errorf("the archive cannot be read: %w", err)
	}
	entries := tar.NewReader(unpacked)
	for {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return packageIdentity{}, fmt.Errorf("the archive cannot be read: %w", err)
		}
		if clean := path.Clean(entry.Name) + "/"; !strings.HasPrefix(clean, archiveFolder) || strings.HasPrefix(entry.Name, "/") {
			return packageIdentity{}, fmt.Errorf("the archive holds %q, which is not below %s", entry.Name, archiveFolder)
		}
		if entry.Typeflag != tar.TypeReg && entry.Typeflag != tar.TypeDir {
			return packageIdentity{}, fmt.Errorf("the archive holds %q, which is no file and no folder", entry.Name)
		}
		switch entry.Name {
		case archiveFolder + "VERSION":
			text, err := io.ReadAll(io.LimitReader(entries, 100))
			if err != nil {
				return packageIdentity{}, fmt.Errorf("the archive cannot be read: %w", err)
			}
			found.name, found.version = packageName, strings.TrimSpace(string(text))
		case archiveFolder + "bin/kace-agent":
			start := make([]byte, 64)
			read, err := io.ReadFull(entries, start)
			if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				return packageIdentity{}, fmt.Errorf("the archive cannot be read: %w", err)
			}
			found.architecture = architectureOf(start[:read])
		}
	}
	return found, nil
}

// architectureOf reads the machine of an ELF header (System V ABI, chapter 4). What is no ELF file, such as a script, runs
// on any.
func architectureOf(start []byte) string {
	if len(start) < 20 || string(start[:4]) != "\x7fELF" {
		return "all"
	}
	machine := uint16(start[18]) | uint16(start[19])<<8
	if name, known := elfMachines[machine]; known {
		return name
	}
	return fmt.Sprintf("of ELF machine %d", machine)
}

// fits says why a package is not the one that was ordered for this machine.
func (found packageIdentity) fits(wanted Package, architecture string) error {
	switch {
	case found.name != packageName:
		return fmt.Errorf("it is a package of %q, not of %s", found.name, packageName)
	case found.version != wanted.Version:
		return fmt.Errorf("it holds version %s, not %s", found.version, wanted.Version)
	}
	switch found.architecture {
	case architecture, rpmArchitectures[architecture], "all", "noarch":
		return nil
	}
	return fmt.Errorf("it is for the architecture %s; this machine is %s", found.architecture, architecture)
}
