package connection

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/fakeserver"
	"pulumi-kace/reference-agent/internal/protocol"
)

const wantedHash = "cafe"

// fetches makes the agent take packages, and asks for a part; what comes of that arrives in the channel.
func (f *fixture) fetches(ctx context.Context, offset int64) <-chan error {
	f.agent.Packages = NewPackages()
	f.agent.Packages.pause = time.Millisecond
	came := make(chan error, 1)
	go func() {
		data, size, err := f.agent.Packages.Part(ctx, "task-1", wantedHash, offset)
		if err == nil && (!bytes.Equal(data, []byte("part")) || size != 100) {
			f.t.Errorf("%q of %d bytes came", data, size)
		}
		came <- err
	}()
	return came
}

func part(offset int64, data string) map[string]any {
	return map[string]any{
		"type": "package-part", "taskId": "task-1", "sha256": wantedHash, "offset": offset, "sizeBytes": 100, "data": []byte(data),
	}
}

func asked(t *testing.T, peer *fakeserver.Peer, offset int64) {
	t.Helper()
	var request protocol.PackageRequest
	peer.Next(protocol.TypePackageRequest, &request)
	if request != (protocol.PackageRequest{Type: "package-request", TaskID: "task-1", SHA256: wantedHash, Offset: offset}) {
		t.Fatalf("it asks %+v", request)
	}
}

func came(t *testing.T, result <-chan error) error {
	t.Helper()
	select {
	case err := <-result:
		return err
	case <-time.After(fakeserver.Patience):
		t.Fatal("no part came")
		return nil
	}
}

func TestFetchesAPartOfAPackageAgainOverTheNextConnection(t *testing.T) {
	f := newFixture(t)
	result := f.fetches(context.Background(), 40)
	peer := connected(f, "approved")
	asked(t, peer, 40)
	peer.Drop()
	second := f.Accept(t)
	second.Greet("approved", "")
	asked(t, second, 40)
	// Late answers to what was asked before are no answers to this.
	second.Send(part(0, "other"))
	second.Send(part(40, "part"))
	must(t, came(t, result))
}

func TestAsksForNoPackageBeforeItIsApproved(t *testing.T) {
	f := newFixture(t)
	result := f.fetches(context.Background(), 0)
	peer := connected(f, "quarantined")
	peer.Send(map[string]any{"type": "state", "state": "approved"})
	asked(t, peer, 0)
	peer.Send(part(0, "part"))
	must(t, came(t, result))
}

func TestAsksAgainForWhatTheServerCannotGiveNowOnly(t *testing.T) {
	f := newFixture(t)
	result := f.fetches(context.Background(), 0)
	peer := connected(f, "approved")
	refusal := map[string]any{"type": "package-refused", "taskId": "task-1", "sha256": wantedHash, "code": "locked", "message": "busy"}
	asked(t, peer, 0)
	peer.Send(refusal)
	asked(t, peer, 0)
	refusal["code"], refusal["message"] = "permission-denied", "not of this device"
	peer.Send(refusal)
	if err := came(t, result); err == nil || !strings.Contains(err.Error(), "not of this device") {
		t.Errorf("it says %v", err)
	}
}

func TestStopsAskingWhenNobodyWaitsAnyMore(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(context.Background())
	result := f.fetches(ctx, 0)
	peer := connected(f, "approved")
	asked(t, peer, 0)
	cancel()
	if err := came(t, result); err != context.Canceled {
		t.Errorf("it says %v", err)
	}
	peer.Drop()
	second := f.Accept(t)
	second.Greet("approved", "")
	for _, kind := range said(second) {
		if kind == protocol.TypePackageRequest {
			t.Error("it asks for what nobody waits for")
		}
	}
}
