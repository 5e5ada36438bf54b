package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestALogFileStaysSmallAndKeepsTheNewestLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "agent.log")
	file, err := Open(path, 1_000)
	if err != nil {
		t.Fatal(err)
	}
	log := ToStream(file, true)
	for range 200 {
		log.Info("an older line")
	}
	log.Info("the last line")
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	newest, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path + ".1")
	if err != nil {
		t.Fatal(err)
	}
	if len(newest) > 1_000 || len(before) > 1_000 {
		t.Errorf("%d and %d bytes", len(newest), len(before))
	}
	if !bytes.Contains(newest, []byte("the last line")) || !strings.HasSuffix(string(before), "\n") {
		t.Errorf("newest: %s", newest)
	}
	again, err := Open(path, 1_000)
	if err != nil {
		t.Fatal(err)
	}
	ToStream(again, true).Info("after a restart")
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || !bytes.Contains(text, []byte("after a restart")) {
		t.Errorf("%s %v", text, err)
	}
}

func TestTheJournalNotesTheTimeItself(t *testing.T) {
	var text bytes.Buffer
	ToStream(&text, false).Info("hello", "n", 1)
	if text.String() != "level=INFO msg=hello n=1\n" {
		t.Errorf("%q", text.String())
	}
}
