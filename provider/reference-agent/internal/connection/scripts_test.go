package connection

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/fakeserver"
	"pulumi-kace/reference-agent/internal/later"
	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/status"
	"pulumi-kace/reference-agent/internal/tasks"
)

// withScripts gives the agent a keeper of scripts, and a runner that knows scripting updates.
func (f *fixture) withScripts() {
	f.t.Helper()
	f.agent.Scripts = later.New(f.agent.At, f.agent.Now, f.agent.Log, func(int) {})
	f.agent.Packages = NewPackages()
	updates := f.agent.Scripts.Updates(f.agent.Packages.Part, func() later.Runner { return f.agent.Tasks })
	f.withTasks(map[string]tasks.Executor{tasks.TypeScript: tasks.Func(echo), tasks.TypeScriptingUpdate: updates})
}

const uptimeSum = "7d88e721e241c7694a68f07596182386eb3a31bda4f8fdfba489b57a58657f80"

// bringScript has the agent hold the script "uptime" for a year hence.
func (f *fixture) bringScript(peer *fakeserver.Peer, id, sum string) {
	peer.Send(map[string]any{
		"type": "task", "id": "update-" + id, "taskType": tasks.TypeScriptingUpdate, "priority": 1, "timeoutSeconds": 60,
		"payload": map[string]any{"scripts": []map[string]any{{
			"id": id, "sha256": sum, "at": f.agent.Now().Add(365 * 24 * time.Hour).UTC().Format(time.RFC3339),
			"lateSeconds": 60, "timeoutSeconds": 60, "priority": 50,
		}}},
	})
}

// hold is bringScript with the server's part in it, up to the end of the update.
func (f *fixture) hold(peer *fakeserver.Peer, id string) {
	f.t.Helper()
	f.bringScript(peer, id, uptimeSum)
	peer.Next(protocol.TypePackageRequest, &protocol.PackageRequest{})
	peer.Send(map[string]any{
		"type": "package-part", "taskId": "update-" + id, "sha256": uptimeSum, "offset": 0, "sizeBytes": 7, "data": []byte("uptime\n"),
	})
	heldNext(peer)
}

func heldNext(peer *fakeserver.Peer) protocol.Scripts {
	var said protocol.Scripts
	peer.Next(protocol.TypeScripts, &said)
	return said
}

func TestLooksForScriptsAtItsIntervalWhichCanBeChanged(t *testing.T) {
	f := newFixture(t)
	f.withScripts()
	f.start()
	peer := f.Accept(t)
	peer.Challenge()
	if hello := peer.Hello(); !slices.Contains(hello.Can, protocol.CanScriptingUpdate) {
		t.Errorf("%v", hello.Can)
	}
	peer.WelcomeWith("approved", told(1, 365*24*time.Hour, 0, always, always))
	if first := heldNext(peer); !first.Look || len(first.Held) != 64 {
		t.Errorf("%+v", first)
	}
	// Every eight hours, whatever the run interval says.
	f.pass(7 * time.Hour)
	if types := said(peer); slices.Contains(types, protocol.TypeScripts) {
		t.Errorf("%v", types)
	}
	f.pass(time.Hour)
	heldNext(peer)
	quick := []byte(told(2, 365*24*time.Hour, 0, always, always))
	var changed map[string]any
	must(t, json.Unmarshal(quick, &changed))
	changed["scriptingUpdateIntervalSeconds"] = 60
	peer.Send(map[string]any{"type": "settings", "settings": changed})
	f.until("living by them", func(s status.Status) bool { return s.Settings.Revision == 2 })
	for range 3 {
		f.pass(2 * time.Minute)
		heldNext(peer)
	}
	// Not in quarantine, and at once when that ends.
	peer.Send(map[string]any{"type": "state", "state": "quarantined"})
	f.until("quarantined", func(s status.Status) bool { return s.State == status.Quarantined })
	f.pass(time.Hour)
	peer.Send(map[string]any{"type": "state", "state": "approved"})
	heldNext(peer)
}

func TestLooksForScriptsWithinTheWindowOnlyAndSaysWhatItKeepsAtAnyTime(t *testing.T) {
	f := newFixture(t)
	f.withScripts()
	f.at("12:00")
	f.start()
	night := told(1, time.Hour, 0, "22:00", "06:00")
	for _, id := range []string{"task-1", "task-2"} {
		peer := f.Accept(t)
		peer.Challenge()
		peer.Hello()
		peer.WelcomeWith("approved", night)
		if now := heldNext(peer); now.Look || now.Held != f.agent.Scripts.Hash() {
			t.Errorf("at its welcome it says %+v", now)
		}
		f.until("waiting for the window", func(s status.Status) bool { return s.Connected && s.Waiting })
		if types := said(peer); slices.Contains(types, protocol.TypeScripts) {
			t.Errorf("%v", types)
		}
		// Blocked, it drops what it keeps: when that ends, the server must know.
		f.hold(peer, id)
		held := f.agent.Scripts.Hash()
		peer.Send(map[string]any{"type": "state", "state": "quarantined"})
		peer.Send(map[string]any{"type": "state", "state": "approved"})
		if now := heldNext(peer); now.Look || now.Held == held || now.Held != f.agent.Scripts.Hash() {
			t.Errorf("at its approval it says %+v", now)
		}
		peer.Close(1001, "again")
	}
}

func TestHoldsTheScriptsOfAnUpdateAndSaysSo(t *testing.T) {
	f := newFixture(t)
	f.withScripts()
	peer := connected(f, "approved")
	none := heldNext(peer)
	f.bringScript(peer, "task-1", uptimeSum)
	var wanted protocol.PackageRequest
	peer.Next(protocol.TypePackageRequest, &wanted)
	if wanted.TaskID != "update-task-1" || wanted.SHA256 != uptimeSum || wanted.Offset != 0 {
		t.Errorf("%+v", wanted)
	}
	peer.Send(map[string]any{
		"type": "package-part", "taskId": wanted.TaskID, "sha256": uptimeSum, "offset": 0, "sizeBytes": 7, "data": []byte("uptime\n"),
	})
	now := heldNext(peer)
	if now.Look || now.Held == none.Held || now.Held != f.agent.Scripts.Hash() {
		t.Errorf("%+v", now)
	}
	// Called back: it is not held any more, and that is the end of the task.
	peer.Send(map[string]any{"type": "task-cancel", "id": "task-1"})
	if one := ended(t, peer, "task-1"); one.Note != "it was called back before it began" {
		t.Errorf("%+v", one)
	}
	if f.agent.Scripts.Hash() != none.Held {
		t.Error("it is held still")
	}
}

func TestWhatCannotBeTakenOffTheDiskIsNotSaidToBeCalledBack(t *testing.T) {
	f := newFixture(t)
	f.withScripts()
	peer := connected(f, "approved")
	heldNext(peer)
	f.hold(peer, "task-1")
	path := filepath.Join(f.agent.At.ScriptsFolder(), "task-1.json")
	must(t, os.Remove(path))
	must(t, os.MkdirAll(filepath.Join(path, "something"), 0o700))
	peer.Send(map[string]any{"type": "task-cancel", "id": "task-1"})
	peer.Send(map[string]any{"type": "task-cancel", "id": "task-2"})
	ended(t, peer, "task-2")
	for _, one := range f.agent.Tasks.Reports() {
		if one.ID == "task-1" {
			t.Errorf("%+v", one)
		}
	}
	must(t, os.Remove(filepath.Join(path, "something")))
	if one := ended(t, peer, "task-1"); one.Note != "it was called back before it began" {
		t.Errorf("%+v", one)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is on the disk still: %v", err)
	}
}

func TestAnUpdateThatTheServerRefusesToServeHasFailed(t *testing.T) {
	f := newFixture(t)
	f.withScripts()
	peer := connected(f, "approved")
	f.bringScript(peer, "task-1", uptimeSum)
	var wanted protocol.PackageRequest
	peer.Next(protocol.TypePackageRequest, &wanted)
	peer.Send(map[string]any{
		"type": "package-refused", "taskId": wanted.TaskID, "sha256": uptimeSum, "offset": 0, "code": "permission-denied", "message": "gone",
	})
	if one := ended(t, peer, "update-task-1"); one.Status != protocol.TaskFailed {
		t.Errorf("%+v", one)
	}
}
