package alert

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wall")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheTextGoesThroughAPipe(t *testing.T) {
	shown := filepath.Join(t.TempDir(), "shown")
	if err := showWith(context.Background(), script(t, `[ $# -eq 0 ] && cat >"`+shown+`"`), "Wartung um 18:00; $(id) 'x'"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(shown)
	if err != nil || string(text) != "Wartung um 18:00; $(id) 'x'\n" {
		t.Fatalf("%q was shown (%v)", text, err)
	}
}

func TestWhatFailsSaysWhy(t *testing.T) {
	err := showWith(context.Background(), script(t, "echo no terminal >&2; exit 3"), "text")
	if err == nil || !strings.Contains(err.Error(), "no terminal") {
		t.Fatalf("%v does not say why", err)
	}
}

func TestAMachineWithoutWallHasNobodyToShowItTo(t *testing.T) {
	if err := showWith(context.Background(), "kace-no-such-program", "text"); err != nil {
		t.Fatal(err)
	}
}
