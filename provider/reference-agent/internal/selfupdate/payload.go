// Package selfupdate replaces the agent by another version of itself, and puts the old one back where the new one does
// not reach its server.
//
// The running agent prepares (fetch, check, keep the old files). A watchdog, which is a copy of the old program under a
// service of its own, then installs the new package with the machine's package tool and waits for the new agent to be
// welcomed by the server. What was decided lies in a state file, so that a reboot or a kill in between changes nothing.
package selfupdate

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Formats of packages, by the tool that installs them.
const (
	FormatDeb = "deb"
	FormatRPM = "rpm"
	FormatTar = "tar.gz"
)

// Package names one file that the server hands out.
type Package struct {
	Version string `json:"version"`
	// SHA256 of the file, lower-case hexadecimal.
	SHA256    string `json:"sha256"`
	SizeBytes int64  `json:"sizeBytes"`
	Format    string `json:"format"`
	FileName  string `json:"fileName"`
}

// Order is the payload of a self-update task.
type Order struct {
	Package
	// ConfirmSeconds is how long the new agent has to be welcomed by the server.
	ConfirmSeconds int `json:"confirmSeconds"`
	// AllowDowngrade lets a version that is not newer take the place of this one.
	AllowDowngrade bool `json:"allowDowngrade"`
	// Rollback is the package of the present version, for a machine that has not kept it.
	Rollback *Package `json:"rollback"`
}

const (
	minConfirm = 10 * time.Second
	maxConfirm = 24 * time.Hour
	// maxPackageBytes keeps a server from filling the disk.
	maxPackageBytes = 512 << 20
)

var (
	hashForm    = regexp.MustCompile(`^[0-9a-f]{64}$`)
	versionForm = regexp.MustCompile(`^\d{1,9}(\.\d{1,9}){1,3}$`)
)

// ParseOrder reads and checks a payload. Fields that a later server adds are let be.
func ParseOrder(payload []byte) (Order, error) {
	var order Order
	if err := json.Unmarshal(payload, &order); err != nil {
		return Order{}, fmt.Errorf("the payload of the update is not understood: %w", err)
	}
	if err := order.Package.check(); err != nil {
		return Order{}, err
	}
	if order.Rollback != nil {
		if err := order.Rollback.check(); err != nil {
			return Order{}, fmt.Errorf("rollback: %w", err)
		}
		if order.Rollback.Format != order.Format {
			return Order{}, errors.New("rollback: it has another format than the new package")
		}
	}
	confirm := time.Duration(order.ConfirmSeconds) * time.Second
	if confirm < minConfirm || confirm > maxConfirm {
		return Order{}, fmt.Errorf("confirmSeconds must be %d to %d", int(minConfirm.Seconds()), int(maxConfirm.Seconds()))
	}
	return order, nil
}

func (p Package) check() error {
	switch {
	case !versionForm.MatchString(p.Version):
		return fmt.Errorf("%q is no version of two to four numbers", p.Version)
	case !hashForm.MatchString(p.SHA256):
		return errors.New("sha256 must be 64 lower-case hexadecimal digits")
	case p.SizeBytes <= 0 || p.SizeBytes > maxPackageBytes:
		return fmt.Errorf("sizeBytes must be 1 to %d", int64(maxPackageBytes))
	}
	switch p.Format {
	case FormatDeb, FormatRPM, FormatTar:
		return nil
	}
	return fmt.Errorf("packages of format %q cannot be installed by this agent", p.Format)
}

// compareVersions orders versions by their numbers; missing ones count as 0.
func compareVersions(left, right string) int {
	one, other := strings.Split(left, "."), strings.Split(right, ".")
	for index := range max(len(one), len(other)) {
		if difference := numberAt(one, index) - numberAt(other, index); difference != 0 {
			return difference
		}
	}
	return 0
}

func numberAt(numbers []string, index int) int {
	if index >= len(numbers) {
		return 0
	}
	// The form was checked, or it is this program's own version; what is no number counts as 0.
	number, err := strconv.Atoi(numbers[index])
	if err != nil {
		return 0
	}
	return number
}
