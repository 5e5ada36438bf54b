package connection

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"pulumi-kace/reference-agent/internal/configuration"
	"pulumi-kace/reference-agent/internal/fakeserver"
	"pulumi-kace/reference-agent/internal/identity"
	"pulumi-kace/reference-agent/internal/inventory"
	"pulumi-kace/reference-agent/internal/layout"
	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/status"
)

const canaryToken = "canary-token-Zm9vYmFyYmF6"

// fixture is an agent below a folder of the test, and a server for it.
type fixture struct {
	*fakeserver.Server
	t        *testing.T
	agent    Agent
	checkIns chan struct{}
	reloads  chan struct{}
	log      *lockedBuffer
	mutex    sync.Mutex
	limits   []time.Duration
	now      time.Time
	elapsed  time.Duration
}

type lockedBuffer struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.Write(text)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text.String()
}

func newFixture(t *testing.T) *fixture {
	authority := fakeserver.NewAuthority(t)
	return fixtureWith(t, authority, authority.Issue(t, "127.0.0.1", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)))
}

func fixtureWith(t *testing.T, authority *fakeserver.Authority, certificate tls.Certificate) *fixture {
	t.Helper()
	f := &fixture{
		Server:   fakeserver.Start(t, certificate),
		t:        t,
		checkIns: make(chan struct{}, 1),
		reloads:  make(chan struct{}, 1),
		log:      &lockedBuffer{},
		now:      time.Now(),
	}
	at := layout.Layout{Root: t.TempDir()}
	f.agent.At = at
	f.configure(configuration.Change{Server: f.Address, CA: text(authority.PEM)})
	device, err := identity.Obtain(at.Device(), rand.Reader)
	must(t, err)
	log := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	board, err := status.NewBoard(at, status.Status{KUID: device.KUID, State: status.Unknown}, time.Now, log)
	must(t, err)
	f.agent = Agent{
		At: at, Device: device, Version: "1.4.2", Board: board, Log: log,
		Now: func() time.Time {
			f.mutex.Lock()
			defer f.mutex.Unlock()
			return f.now
		},
		Elapsed: func() time.Duration {
			f.mutex.Lock()
			defer f.mutex.Unlock()
			return f.elapsed
		},
		Spread:    func(limit time.Duration) time.Duration { return limit / 2 },
		LookEvery: 10 * time.Millisecond,
		Jitter: func(limit time.Duration) time.Duration {
			f.mutex.Lock()
			defer f.mutex.Unlock()
			f.limits = append(f.limits, limit)
			return time.Millisecond
		},
		Look: func() (inventory.Machine, error) {
			return inventory.Machine{Hostname: "web01", Addresses: []string{"10.0.0.5"}, MACs: []string{}, CPUs: 2}, nil
		},
		CheckIn: f.checkIns, Reload: f.reloads,
	}
	return f
}

func (f *fixture) configure(change configuration.Change) {
	f.t.Helper()
	if change.Server == "" {
		change.Server = f.Address
	}
	_, err := configuration.Apply(f.agent.At, change)
	must(f.t, err)
}

// pass lets time pass on both clocks of the agent.
func (f *fixture) pass(length time.Duration) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.now, f.elapsed = f.now.Add(length), f.elapsed+length
}

// start runs the agent; the returned function stops it and waits for its end.
func (f *fixture) start() func() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.agent.Run(ctx)
	}()
	stop := func() {
		cancel()
		<-ended
	}
	f.t.Cleanup(stop)
	return stop
}

func (f *fixture) until(what string, holds func(status.Status) bool) status.Status {
	f.t.Helper()
	for deadline := time.Now().Add(fakeserver.Patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if shown := f.agent.Board.Shown(); holds(shown) {
			return shown
		}
	}
	f.t.Fatalf("never %s: %+v\n%s", what, f.agent.Board.Shown(), f.log)
	return status.Status{}
}

func (f *fixture) seenLimits() []time.Duration {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return slices.Clone(f.limits)
}

func TestEnrolsWithItsTokenAndForgetsIt(t *testing.T) {
	f := newFixture(t)
	f.configure(configuration.Change{Token: text([]byte(canaryToken))})
	stop := f.start()
	peer := f.Accept(t)
	hello := peer.Greet("approved", "")
	if hello.Token != canaryToken || hello.KUID != f.agent.Device.KUID || hello.Flavour != "reference" ||
		hello.AgentVersion != "1.4.2" || hello.Protocol != 1 || hello.Hostname != "web01" {
		t.Errorf("hello: %+v", hello)
	}
	var sent protocol.Inventory
	peer.Next(protocol.TypeInventory, &sent)
	if sent.Hostname != "web01" || sent.CPUs != 2 || sent.MACs == nil {
		t.Errorf("inventory: %+v", sent)
	}
	f.until("approved", func(s status.Status) bool { return s.Connected && s.State == status.Approved })
	if _, err := os.Stat(f.agent.At.Token()); !os.IsNotExist(err) {
		t.Errorf("the used token is still there: %v", err)
	}
	peer.Drop()
	if again := f.Accept(t).Greet("approved", ""); again.Token != "" || again.KUID != hello.KUID || again.PublicKey != hello.PublicKey {
		t.Errorf("second hello: %+v", again)
	}
	stop()
	seed := base64.RawURLEncoding.EncodeToString(f.agent.Device.Key.Seed())
	written, err := os.ReadFile(f.agent.At.Status())
	must(t, err)
	for _, secret := range []string{canaryToken, seed} {
		if strings.Contains(f.log.String(), secret) || strings.Contains(string(written), secret) {
			t.Errorf("a secret stands in the log or the status")
		}
	}
}

func TestWaitsInQuarantineForApproval(t *testing.T) {
	f := newFixture(t)
	f.start()
	peer := f.Accept(t)
	if hello := peer.Greet("quarantined", "no-token"); hello.Token != "" {
		t.Errorf("hello: %+v", hello)
	}
	f.until("in quarantine", func(s status.Status) bool {
		return s.Connected && s.State == status.Quarantined && s.Reason == "no-token"
	})
	// Asked in quarantine, it tells nothing; so the first inventory that comes is the one after the approval.
	peer.Send(map[string]any{"type": "check-in"})
	f.agent.Board.Change(func(s *status.Status) {})
	peer.Send(map[string]any{"type": "state", "state": "approved"})
	var sent protocol.Inventory
	peer.Next(protocol.TypeInventory, &sent)
	if shown := f.agent.Board.Shown(); shown.State != status.Approved || shown.Reason != "" {
		t.Errorf("an inventory was sent in the state %+v", shown)
	}
	peer.Send(map[string]any{"type": "state", "state": "blocked", "reason": "blocked"})
	f.until("blocked", func(s status.Status) bool { return s.State == status.Blocked })
}

func TestTakesATokenThatComesLater(t *testing.T) {
	f := newFixture(t)
	f.start()
	peer := f.Accept(t)
	peer.Greet("quarantined", "no-token")
	f.configure(configuration.Change{Token: text([]byte(canaryToken))})
	f.reloads <- struct{}{}
	if _, code := peer.Types(); code != websocket.StatusNormalClosure {
		t.Errorf("closed with %v", code)
	}
	if hello := f.Accept(t).Greet("approved", ""); hello.Token != canaryToken {
		t.Errorf("hello: %+v", hello)
	}
	f.until("approved", func(s status.Status) bool { return s.State == status.Approved && s.Generation == 2 })
}

// An attempt may come between the change of the configuration and the signal that tells of it.
func TestKeepsAConnectionThatWasMadeByTheNewConfiguration(t *testing.T) {
	f := newFixture(t)
	f.start()
	peer := f.Accept(t)
	peer.Greet("quarantined", "no-token")
	f.reloads <- struct{}{}
	f.until("the signal is taken", func(status.Status) bool { return len(f.reloads) == 0 })
	peer.Send(map[string]any{"type": "state", "state": "approved"})
	var sent protocol.Inventory
	peer.Next(protocol.TypeInventory, &sent)

	// What somebody changed by hand is taken up.
	must(t, os.WriteFile(f.agent.At.CA(), fakeserver.NewAuthority(t).PEM, 0o644))
	f.reloads <- struct{}{}
	if _, code := peer.Types(); code != websocket.StatusNormalClosure {
		t.Errorf("closed with %v", code)
	}
}

func TestKeepsATokenThatWasRefused(t *testing.T) {
	f := newFixture(t)
	f.configure(configuration.Change{Token: text([]byte(canaryToken))})
	f.start()
	f.Accept(t).Greet("quarantined", "token-expired")
	f.until("in quarantine", func(s status.Status) bool { return s.Reason == "token-expired" })
	if token, err := configuration.ReadToken(f.agent.At); err != nil || token != canaryToken {
		t.Errorf("the token is gone: %v", err)
	}
}

func TestChecksInWhenAsked(t *testing.T) {
	f := newFixture(t)
	f.start()
	peer := f.Accept(t)
	peer.Greet("approved", "")
	var sent protocol.Inventory
	peer.Next(protocol.TypeInventory, &sent)
	peer.Send(map[string]any{"type": "check-in"})
	peer.Next(protocol.TypeInventory, &sent)
	f.checkIns <- struct{}{}
	peer.Next(protocol.TypeInventory, &sent)
	peer.Send(map[string]any{"type": "inventory-received"})
	peer.Send(map[string]any{"type": "of-a-later-version", "more": []int{1}})
	peer.Send(map[string]any{"type": "check-in"})
	peer.Next(protocol.TypeInventory, &sent)
}

func TestLeavesAServerThatFallsSilent(t *testing.T) {
	f := newFixture(t)
	f.start()
	peer := f.Accept(t)
	peer.Challenge()
	peer.Hello()
	peer.Welcome("approved", "", 1)
	types, _ := peer.Types()
	if !slices.Contains(types, protocol.TypeHeartbeat) {
		t.Errorf("no heartbeat among %v", types)
	}
	f.Accept(t).Greet("approved", "")
	if !strings.Contains(f.log.String(), "the server said nothing for 3s") {
		t.Errorf("the log does not say why:\n%s", f.log)
	}
}

func TestStaysWithAServerThatAnswersHeartbeats(t *testing.T) {
	f := newFixture(t)
	stop := f.start()
	peer := f.Accept(t)
	peer.Challenge()
	peer.Hello()
	peer.Welcome("approved", "", 1)
	for range 5 {
		var heartbeat protocol.Heartbeat
		peer.Next(protocol.TypeHeartbeat, &heartbeat)
		peer.Send(map[string]any{"type": "heartbeat", "serverTime": "2026-01-02T03:04:05Z"})
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		stop()
	}()
	if _, code := peer.Types(); code != websocket.StatusNormalClosure {
		t.Errorf("stopping closed with %v", code)
	}
	<-ended
	if shown := f.agent.Board.Shown(); shown.Connected || shown.State != status.Approved {
		t.Errorf("after its end: %+v", shown)
	}
}

func TestBacksOffWithFullJitter(t *testing.T) {
	usual := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60}
	unwanted := []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}
	cases := map[string]struct {
		meet func(*fakeserver.Peer)
		want []time.Duration
	}{
		"a server that hangs up":     {func(p *fakeserver.Peer) { p.Drop() }, usual},
		"a server that closes again": {func(p *fakeserver.Peer) { p.Greet("approved", ""); p.Close(1001, "restart") }, usual},
		"a server that refuses": {func(p *fakeserver.Peer) {
			p.Challenge()
			p.Hello()
			p.Send(map[string]any{"type": "refused", "code": "key-mismatch", "message": "another key is known"})
			p.Close(1008, "refused")
		}, unwanted},
		"a server that blocks": {func(p *fakeserver.Peer) { p.Greet("blocked", "blocked"); p.Close(1008, "blocked") }, unwanted},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			stop := f.start()
			// One more than is looked at, so that the pause after the last one was asked for.
			for range len(one.want) + 1 {
				one.meet(f.Accept(t))
			}
			stop()
			for index, seconds := range one.want {
				if got := f.seenLimits()[index]; got != seconds*time.Second {
					t.Errorf("limit %d is %v, not %v s", index, got, int(seconds))
				}
			}
		})
	}
}

func TestSaysWhyItWasRefused(t *testing.T) {
	f := newFixture(t)
	f.start()
	peer := f.Accept(t)
	peer.Challenge()
	peer.Hello()
	peer.Send(map[string]any{"type": "refused", "code": "bad-signature", "message": "the signature is wrong"})
	peer.Types()
	shown := f.until("refused", func(s status.Status) bool { return s.Refused && s.LastError != "" })
	if shown.State != status.Unknown || shown.Reason != "bad-signature" || shown.Connected {
		t.Errorf("%+v", shown)
	}
	f.Accept(t).Greet("approved", "")
	f.until("approved", func(s status.Status) bool {
		return s.State == status.Approved && !s.Refused && s.LastError == "" && s.Reason == ""
	})
}

func TestSaysThatAnotherMachineHasItsIdentity(t *testing.T) {
	f := newFixture(t)
	f.start()
	peer := f.Accept(t)
	peer.Greet("approved", "")
	f.until("approved", func(s status.Status) bool { return s.Connected })
	peer.Close(4000, "replaced")
	shown := f.until("disconnected", func(s status.Status) bool { return !s.Connected && s.LastError != "" })
	if !strings.Contains(shown.LastError, "identity") {
		t.Errorf("%+v", shown)
	}
}

func TestSurvivesRubbish(t *testing.T) {
	const gigabyte = 1 << 30
	challenged := func(p *fakeserver.Peer) { p.Challenge(); p.Hello() }
	cases := map[string]func(*fakeserver.Peer){
		"text that is no JSON":      func(p *fakeserver.Peer) { p.SendRaw(websocket.MessageText, []byte("\x00{{{")) },
		"JSON that is no object":    func(p *fakeserver.Peer) { p.SendRaw(websocket.MessageText, []byte(`[1,2]`)) },
		"a message without a type":  func(p *fakeserver.Peer) { p.Send(map[string]any{"nonce": "x"}) },
		"fields of the wrong types": func(p *fakeserver.Peer) { p.Send(map[string]any{"type": "challenge", "nonce": 7}) },
		"a binary frame":            func(p *fakeserver.Peer) { p.SendRaw(websocket.MessageBinary, []byte(`{"type":"challenge"}`)) },
		"a nonce that would sign more": func(p *fakeserver.Peer) {
			p.Send(map[string]any{"type": "challenge", "nonce": "a\nb\nother.example.com:443"})
		},
		"an unknown state": func(p *fakeserver.Peer) { challenged(p); p.Welcome("promoted", "", 20) },
		"a message of a gigabyte": func(p *fakeserver.Peer) {
			if sent := p.SendEndless(gigabyte); sent >= gigabyte {
				t.Errorf("the agent read all %d bytes", sent)
			}
		},
	}
	for name, send := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.start()
			peer := f.Accept(t)
			send(peer)
			peer.Types()
			f.Accept(t).Greet("approved", "")
			f.until("approved", func(s status.Status) bool { return s.Connected && s.State == status.Approved })
		})
	}
}

func TestHeartbeatsWithoutSenseAreBounded(t *testing.T) {
	for given, want := range map[float64]time.Duration{
		0: 20 * time.Second, -5: 20 * time.Second, 1e-9: time.Second, 20: 20 * time.Second, 1e300: time.Hour,
	} {
		if got := seconds(given, time.Second, time.Hour, 20*time.Second); got != want {
			t.Errorf("%g s: %v, not %v", given, got, want)
		}
	}
}

func text(value []byte) *string {
	result := string(value)
	return &result
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
