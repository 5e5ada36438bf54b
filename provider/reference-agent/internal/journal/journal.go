// Package journal is the agent's log: the standard error, which systemd keeps, or a file of limited size.
package journal

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// ToStream logs to a stream; without times where the reader of the stream notes them itself.
func ToStream(stream io.Writer, withTimes bool) *slog.Logger {
	options := slog.HandlerOptions{}
	if !withTimes {
		options.ReplaceAttr = func(groups []string, attribute slog.Attr) slog.Attr {
			if len(groups) == 0 && attribute.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attribute
		}
	}
	return slog.New(slog.NewTextHandler(stream, &options))
}

// File is a log file that is put aside as "<path>.1" when it is full, so that both together stay below twice the limit.
type File struct {
	path     string
	maxBytes int64
	mutex    sync.Mutex
	file     *os.File
	size     int64
}

// Open opens a log file for appending, and makes its folder if need be.
func Open(path string, maxBytes int64) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	log := &File{path: path, maxBytes: maxBytes}
	return log, log.open()
}

// Write writes whole lines; a line is never split over two files.
func (f *File) Write(lines []byte) (int, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.size > 0 && f.size+int64(len(lines)) > f.maxBytes {
		if err := f.turn(); err != nil {
			return 0, err
		}
	}
	written, err := f.file.Write(lines)
	f.size += int64(written)
	return written, err
}

func (f *File) turn() error {
	closed := f.file.Close()
	renamed := os.Rename(f.path, f.path+".1")
	if errors.Is(renamed, fs.ErrNotExist) {
		renamed = nil
	}
	return errors.Join(closed, renamed, f.open())
}

func (f *File) open() error {
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	found, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	f.file, f.size = file, found.Size()
	return nil
}

// Close closes the file.
func (f *File) Close() error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.file.Close()
}
