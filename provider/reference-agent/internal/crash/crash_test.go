package crash

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/protocol"
)

const crashIn = "CRASH_IN"

type kept struct {
	reports []protocol.TaskStatus
	failure error
}

func (k *kept) Announce(report protocol.TaskStatus) error {
	if k.failure == nil {
		k.reports = append(k.reports, report)
	}
	return k.failure
}

func TestTellsOfACrashAtTheNextStart(t *testing.T) {
	if root := os.Getenv(crashIn); root != "" {
		if err := Arm(layout.Layout{Root: root}); err != nil {
			t.Fatal(err)
		}
		panic("canary of a crash")
	}
	at := layout.Layout{Root: t.TempDir()}
	if err := os.MkdirAll(at.StateFolder(), 0o700); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0], "-test.run=^TestTellsOfACrashAtTheNextStart$")
	command.Env = append(os.Environ(), crashIn+"="+at.Root)
	if said, err := command.CombinedOutput(); err == nil {
		t.Fatalf("it did not crash: %s", said)
	}
	full := &kept{failure: errors.New("no space left")}
	if err := Hand(at, "kuid-1", full); err == nil {
		t.Error("it was lost without a word")
	}
	to := &kept{}
	for range 2 {
		if err := Hand(at, "kuid-1", to); err != nil {
			t.Fatal(err)
		}
	}
	if len(to.reports) != 1 {
		t.Fatalf("%+v", to.reports)
	}
	one := to.reports[0]
	if !strings.Contains(one.Output, "panic: canary of a crash") || !strings.HasPrefix(one.ID, "crash-kuid-1-") ||
		one.Announced != "crash-upload" || one.Status != protocol.TaskCompleted {
		t.Errorf("%+v", one)
	}
}

func TestSaysNothingWhereNothingCrashed(t *testing.T) {
	at := layout.Layout{Root: t.TempDir()}
	to := &kept{}
	if err := Hand(at, "kuid-1", to); err != nil {
		t.Error(err)
	}
	if err := os.MkdirAll(at.StateFolder(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at.Crash(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Hand(at, "kuid-1", to); err != nil || len(to.reports) != 0 {
		t.Errorf("%+v %v", to.reports, err)
	}
}
