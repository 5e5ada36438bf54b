// Package atomicfile replaces whole files: a reader sees the old text or the new one, never a part.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file and returns once the new one would survive a loss of power. One writer at a time.
func Write(path string, data []byte, mode fs.FileMode) error { return write(path, data, mode, true) }

// Replace is Write for files that a restart makes anew: it leaves the moment of writing to the operating system.
func Replace(path string, data []byte, mode fs.FileMode) error {
	return write(path, data, mode, false)
}

func write(path string, data []byte, mode fs.FileMode, durable bool) (err error) {
	// A fixed name, so that a writer that was killed leaves at most one file behind; removed first, so that the new file
	// has this mode from its first byte on.
	scratch := path + ".new"
	if err := Remove(scratch); err != nil {
		return err
	}
	file, err := os.OpenFile(scratch, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, Remove(scratch))
		}
	}()
	if err := fill(file, data, mode, durable); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(scratch, path); err != nil {
		return err
	}
	if !durable {
		return nil
	}
	return syncFolder(filepath.Dir(path))
}

func fill(file *os.File, data []byte, mode fs.FileMode, durable bool) error {
	// The mode given to open is cut by the umask.
	if err := file.Chmod(mode); err != nil {
		return err
	}
	if _, err := file.Write(data); err != nil {
		return err
	}
	if durable {
		return file.Sync()
	}
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Erase is Remove for files that must not come back after a loss of power.
func Erase(path string) error {
	if err := os.Remove(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// Remove deletes the file; one that is not there is no error.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
