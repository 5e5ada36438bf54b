package configuration

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/layout"
)

// Fingerprints are the SHA-256 of certificates, in hexadecimal. Never nil.
func Fingerprints(certificates []*x509.Certificate) []string {
	prints := make([]string, 0, len(certificates))
	for _, certificate := range certificates {
		sum := sha256.Sum256(certificate.Raw)
		prints = append(prints, hex.EncodeToString(sum[:]))
	}
	return prints
}

// errOthersFile says that the authorities are in a file that is not the agent's own to write.
var errOthersFile = errors.New("the file with the authorities is not the agent's own")

// Trust puts other authorities of the same server in place of those that are pinned, unless the agent was configured
// anew since. The file is whole at every moment: where the disk is full, the authorities of before stay.
func Trust(at layout.Layout, used Configuration, authorities []*x509.Certificate) (changed bool, err error) {
	lock, err := atomicfile.Lock(at.ConfigurationLock(), true)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	present, err := Read(at)
	if err != nil || present != used {
		return false, err
	}
	if present.CAFile != layout.CAPath {
		return false, fmt.Errorf("%w: %s", errOthersFile, present.CAFile)
	}
	var text bytes.Buffer
	for _, authority := range authorities {
		if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw}); err != nil {
			return false, err
		}
	}
	return true, atomicfile.Write(at.CA(), text.Bytes(), 0o644)
}
