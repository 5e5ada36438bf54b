// Package identity is who the device is: a KUID and a key pair of its own, made once and kept through upgrades,
// reconfigurations and changes of server.
package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"

	"pulumi-kace/reference-agent/internal/atomicfile"
)

// Device is this machine as servers know it.
type Device struct {
	// KUID is a random UUID (version 4), lower case.
	KUID string
	Key  ed25519.PrivateKey
}

type stored struct {
	KUID string `json:"kuid"`
	// PrivateKey is the key's 32-byte seed (RFC 8032) in base64url.
	PrivateKey string `json:"privateKey"`
}

var kuidForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Obtain reads the device from a file, or makes one and writes it there, readable by its owner only. A file that is
// there but cannot be understood is an error: to make another device silently would leave a dead one on the server.
func Obtain(path string, random io.Reader) (Device, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(path, random)
	}
	if err != nil {
		return Device{}, err
	}
	var read stored
	if err := json.Unmarshal(text, &read); err != nil {
		// The decoder's own words may quote the file, which holds the key.
		return Device{}, damaged(path)
	}
	seed, err := base64.RawURLEncoding.DecodeString(read.PrivateKey)
	if err != nil || len(seed) != ed25519.SeedSize || !kuidForm.MatchString(read.KUID) {
		return Device{}, damaged(path)
	}
	return Device{KUID: read.KUID, Key: ed25519.NewKeyFromSeed(seed)}, nil
}

func damaged(path string) error {
	return fmt.Errorf("%s is damaged: restore it, or delete it to enrol this machine as a new device", path)
}

func create(path string, random io.Reader) (Device, error) {
	kuid := make([]byte, 16)
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, kuid); err != nil {
		return Device{}, err
	}
	if _, err := io.ReadFull(random, seed); err != nil {
		return Device{}, err
	}
	device := Device{KUID: uuid4(kuid), Key: ed25519.NewKeyFromSeed(seed)}
	text, err := json.Marshal(stored{KUID: device.KUID, PrivateKey: base64.RawURLEncoding.EncodeToString(seed)})
	if err != nil {
		return Device{}, err
	}
	return device, atomicfile.Write(path, append(text, '\n'), 0o600)
}

// uuid4 writes 16 random bytes as RFC 9562 section 5.4 says.
func uuid4(random []byte) string {
	random[6] = random[6]&0x0f | 0x40
	random[8] = random[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", random[0:4], random[4:6], random[6:8], random[8:10], random[10:16])
}

// Random is the source for a device's secrets on a real machine.
var Random io.Reader = rand.Reader
