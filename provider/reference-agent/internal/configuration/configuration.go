// Package configuration is what the agent was told: which server, whom to trust, and with which token to enrol.
package configuration

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"

	"pulumi-kace/reference-agent/internal/layout"
)

// Configuration is the file agent.json.
type Configuration struct {
	// Server is host:port, the host in lower case; an IPv6 address stands in brackets.
	Server string `json:"server"`
	// CAFile names a PEM file; only servers whose certificates it vouches for are trusted. Empty: the system's roots.
	CAFile string `json:"caFile,omitempty"`
	// Generation counts how often this was configured, so that "wait" can tell the answer to the newest configuration from
	// an older one.
	Generation uint64 `json:"generation,omitempty"`
	// ConfiguredAs is what the server was called by whoever configured the agent, where it works with the server's own
	// name since.
	ConfiguredAs string `json:"configuredAs,omitempty"`
}

// ServerKey stands for the server, by whichever of its names it is reached: what is kept of one server is kept by it.
func (c Configuration) ServerKey() string {
	if c.ConfiguredAs != "" {
		return c.ConfiguredAs
	}
	return c.Server
}

// ErrMissing says that the agent was never configured.
var ErrMissing = errors.New("not configured: give `kace-agent configure` the server as JSON on stdin")

// Read reads agent.json.
func Read(at layout.Layout) (Configuration, error) {
	text, err := os.ReadFile(at.Configuration())
	if errors.Is(err, fs.ErrNotExist) {
		return Configuration{}, ErrMissing
	}
	if err != nil {
		return Configuration{}, err
	}
	var read Configuration
	if err := json.Unmarshal(text, &read); err != nil {
		return Configuration{}, fmt.Errorf("%s is not valid JSON (%w): run `kace-agent configure` again", at.Configuration(), err)
	}
	if read.Server, err = ParseServer(read.Server); err != nil {
		return Configuration{}, fmt.Errorf("%s: %w", at.Configuration(), err)
	}
	return read, nil
}

// ParseServer checks "host:port" and gives it in the one form in which the agent signs it and dials it.
func ParseServer(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", fmt.Errorf("server %q is not host:port, such as \"kace.example.com:443\"", text)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return "", fmt.Errorf("server %q: the port must be 1 to 65535", text)
	}
	if address := net.ParseIP(host); address != nil {
		return net.JoinHostPort(address.String(), strconv.FormatUint(number, 10)), nil
	}
	if !isHostName(host) {
		return "", fmt.Errorf("server %q: the host must be a name of letters, digits, dots and hyphens, or an IP address", text)
	}
	return net.JoinHostPort(strings.ToLower(host), strconv.FormatUint(number, 10)), nil
}

func isHostName(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	for _, letter := range host {
		switch {
		case 'a' <= letter && letter <= 'z', 'A' <= letter && letter <= 'Z', '0' <= letter && letter <= '9':
		case letter == '.', letter == '-', letter == '_':
		default:
			return false
		}
	}
	return true
}

// ReadCA reads the certificates that the configuration pins; none where it pins none.
func (c Configuration) ReadCA(at layout.Layout) ([]*x509.Certificate, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	text, err := os.ReadFile(at.Resolve(c.CAFile))
	if err != nil {
		return nil, err
	}
	certificates, err := ParseCA(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.CAFile, err)
	}
	return certificates, nil
}

// ParseCA reads one or more PEM certificates.
func ParseCA(text []byte) ([]*x509.Certificate, error) {
	var certificates []*x509.Certificate
	for rest := text; ; {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("holds a PEM block %q where only certificates belong", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, certificate)
	}
	if len(certificates) == 0 {
		return nil, errors.New("holds no PEM certificate")
	}
	return certificates, nil
}

// ReadToken reads the enrolment token, or nothing where there is none (any more).
func ReadToken(at layout.Layout) (string, error) {
	text, err := os.ReadFile(at.Token())
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return string(bytes.TrimSpace(text)), nil
}
