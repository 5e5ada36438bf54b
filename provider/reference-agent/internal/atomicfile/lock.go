package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("another process holds the lock")

// Lock takes the lock on a file, which is made if need be, for as long as the file stays open. The operating system
// frees it when the process ends, however it ends. Open a lock file only once in a process: closing any of its
// descriptors frees the lock (that is what POSIX says of them).
func Lock(path string, wait bool) (io.Closer, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	operation := syscall.F_SETLK
	if wait {
		operation = syscall.F_SETLKW
	}
	for {
		whole := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
		err := syscall.FcntlFlock(file.Fd(), operation, &whole)
		switch {
		case err == nil:
			return file, nil
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EACCES):
			return nil, errors.Join(ErrLocked, file.Close())
		default:
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
		}
	}
}

// Holder gives the id of the process that holds the lock, or 0. It takes nothing itself, so that asking never gets in
// the way of a process that is about to take it.
func Holder(path string) (int, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	whole := syscall.Flock_t{Type: syscall.F_RDLCK, Whence: io.SeekStart}
	err = errors.Join(syscall.FcntlFlock(file.Fd(), syscall.F_GETLK, &whole), file.Close())
	if err != nil {
		return 0, fmt.Errorf("ask for the holder of %s: %w", path, err)
	}
	if whole.Type == syscall.F_UNLCK {
		return 0, nil
	}
	return int(whole.Pid), nil
}
