package selfupdate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"syscall"

	"pulumi-kace/reference-agent/internal/atomicfile"
)

// Part asks the server for what follows at an offset of a package. It waits out lost connections; its errors are final.
type Part func(ctx context.Context, taskID, sha256 string, offset int64) (data []byte, sizeBytes int64, err error)

// file is what fetch writes to.
type file interface {
	io.ReadWriteCloser
	Sync() error
}

// openForAppending reads what is there from its beginning and then writes behind it.
func openForAppending(path string) (file, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
}

// fetch brings a package to `path`. What an interrupted fetch left is gone on with. Only a file with the right hash ever
// has that name.
func fetch(ctx context.Context, taskID string, one Package, path string, part Part, open func(string) (file, error)) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	draft := path + ".part"
	err := fill(ctx, taskID, one, draft, part, open)
	if errors.Is(err, errDamaged) || errors.Is(err, syscall.ENOSPC) {
		// Of no use to a later attempt; and a disk that is full needs the space.
		return errors.Join(describeWrite(err), atomicfile.Remove(draft))
	}
	if err != nil {
		return describeWrite(err)
	}
	return os.Rename(draft, path)
}

var errDamaged = errors.New("the package is damaged")

func fill(ctx context.Context, taskID string, one Package, draft string, part Part, open func(string) (file, error)) (err error) {
	writer, err := open(draft)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, writer.Close()) }()
	sum := sha256.New()
	offset, err := io.Copy(sum, writer)
	if err != nil {
		return err
	}
	if offset > one.SizeBytes {
		return fmt.Errorf("%w: an earlier attempt left more than its %d bytes", errDamaged, one.SizeBytes)
	}
	for offset < one.SizeBytes {
		data, size, err := part(ctx, taskID, one.SHA256, offset)
		if err != nil {
			return err
		}
		if size != one.SizeBytes {
			return fmt.Errorf("%w: the server has one of %d bytes, not of %d", errDamaged, size, one.SizeBytes)
		}
		if len(data) == 0 || offset+int64(len(data)) > one.SizeBytes {
			return fmt.Errorf("%w: the server sent %d bytes at %d of %d", errDamaged, len(data), offset, one.SizeBytes)
		}
		if err := writeAll(writer, sum, data); err != nil {
			return err
		}
		offset += int64(len(data))
	}
	if found := hex.EncodeToString(sum.Sum(nil)); found != one.SHA256 {
		return fmt.Errorf("%w: its SHA-256 is %s, not %s", errDamaged, found, one.SHA256)
	}
	return writer.Sync()
}

func writeAll(writer file, sum hash.Hash, data []byte) error {
	if _, err := writer.Write(data); err != nil {
		return err
	}
	_, err := sum.Write(data)
	return err
}

// describeWrite says in plain words that a disk is full, where that is what happened.
func describeWrite(err error) error {
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("the disk is full: %s cannot be written: free some space and order the update again: %w", path.Path, err)
	}
	return fmt.Errorf("the disk is full: free some space and order the update again: %w", err)
}

// freeBytes is how much a folder's file system still takes from root.
func freeBytes(path string) (uint64, error) {
	var about syscall.Statfs_t
	if err := syscall.Statfs(path, &about); err != nil {
		return 0, err
	}
	return about.Bavail * uint64(about.Bsize), nil
}
