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

// File is one that is written or, without data, deleted.
type File struct {
	Path string
	Data []byte
	Mode fs.FileMode
}

// WriteAll is Write for files that belong together: none is touched before the disk has taken all of them, and they
// change in this order.
func WriteAll(files ...File) (err error) {
	defer func() {
		if err == nil {
			return
		}
		for _, one := range files {
			err = errors.Join(err, Remove(scratchOf(one.Path)))
		}
	}()
	for _, one := range files {
		if one.Data == nil {
			continue
		}
		if err := draft(one.Path, one.Data, one.Mode, true); err != nil {
			return err
		}
	}
	for _, one := range files {
		change := place
		if one.Data == nil {
			change = Erase
		}
		if err := change(one.Path); err != nil {
			return err
		}
	}
	return nil
}

// Replace is Write for files that a restart makes anew: it leaves the moment of writing to the operating system.
func Replace(path string, data []byte, mode fs.FileMode) error {
	return write(path, data, mode, false)
}

func write(path string, data []byte, mode fs.FileMode, durable bool) error {
	if err := draft(path, data, mode, durable); err != nil {
		return err
	}
	if durable {
		return place(path)
	}
	return rename(path)
}

// scratchOf is a fixed name, so that a writer that was killed leaves at most one file behind.
func scratchOf(path string) string { return path + ".new" }

// draft puts the new text of a file beside it.
func draft(path string, data []byte, mode fs.FileMode, durable bool) (err error) {
	scratch := scratchOf(path)
	// Removed first, so that the new file has this mode from its first byte on.
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
	return file.Close()
}

// rename puts a draft in its place.
func rename(path string) error {
	if err := os.Rename(scratchOf(path), path); err != nil {
		return errors.Join(err, Remove(scratchOf(path)))
	}
	return nil
}

// place is rename that survives a loss of power.
func place(path string) error {
	if err := rename(path); err != nil {
		return err
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
