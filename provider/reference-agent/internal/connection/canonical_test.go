package connection

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/configuration"
	"pulumi-kace/reference-agent/internal/fakeserver"
	"pulumi-kace/reference-agent/internal/later"
	"pulumi-kace/reference-agent/internal/settings"
	"pulumi-kace/reference-agent/internal/status"
)

// named is a fixture whose server's certificate is for its address and these names.
func named(t *testing.T, names ...string) *fixture {
	authority := fakeserver.NewAuthority(t)
	certificate := authority.Issue(t, "127.0.0.1", time.Now().Add(-time.Hour), time.Now().Add(time.Hour), names...)
	return fixtureWith(t, authority, certificate)
}

// welcomeAs welcomes an agent by a server that calls itself so.
func welcomeAs(peer *fakeserver.Peer, state, name string) {
	peer.Challenge()
	peer.Hello()
	peer.Send(map[string]any{
		"type": "welcome", "state": state, "organization": "default", "heartbeatSeconds": 20, "runIntervalSeconds": 7200,
		"canonicalHost": name, "serverTime": "2026-01-02T03:04:05Z",
	})
}

func TestTakesUpItsServersOwnName(t *testing.T) {
	f := named(t, "localhost")
	f.start()
	first := f.Accept(t)
	welcomeAs(first, status.Approved, "LocalHost")
	second := f.Accept(t)
	_, port, err := net.SplitHostPort(f.Address)
	must(t, err)
	if second.Host != "localhost:"+port {
		t.Fatalf("it comes back for %q", second.Host)
	}
	welcomeAs(second, status.Approved, "localhost")
	f.until("connected under the name", func(shown status.Status) bool {
		return shown.Connected && shown.State == status.Approved && shown.Server == "localhost:"+port
	})
	kept, err := configuration.Read(f.agent.At)
	must(t, err)
	if kept.Server != "localhost:"+port || kept.CAFile == "" {
		t.Errorf("the configuration is %+v", kept)
	}
}

func TestStaysWithTheNameThatWorks(t *testing.T) {
	for name, test := range map[string]struct{ state, canonical string }{
		"where the other is not in the server's certificate": {status.Approved, "localhost"},
		"where the other is no name":                         {status.Approved, "not a name"},
		"while it waits in quarantine":                       {status.Quarantined, "localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			f := named(t)
			f.start()
			peer := f.Accept(t)
			welcomeAs(peer, test.state, test.canonical)
			f.until("connected", func(shown status.Status) bool { return shown.Connected })
			if test.state == status.Approved {
				f.untilLogged("name is")
				said(peer)
			}
			kept, err := configuration.Read(f.agent.At)
			must(t, err)
			if kept.Server != f.Address {
				t.Errorf("it is pointed to %s", kept.Server)
			}
		})
	}
}

// untilLogged waits for a text in the log.
func (f *fixture) untilLogged(text string) {
	f.t.Helper()
	for deadline := time.Now().Add(fakeserver.Patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(f.log.String(), text) {
			return
		}
	}
	f.t.Fatalf("%q is never logged: %s", text, f.log.String())
}

func TestKeepsScriptsAndSettingsWhenItTakesUpTheName(t *testing.T) {
	f := named(t, "localhost")
	f.withScripts()
	f.start()
	first := f.Accept(t)
	first.Challenge()
	first.Hello()
	lived := told(9, 3*time.Hour, 0, always, always)
	first.WelcomeWith(status.Approved, lived)
	f.hold(first, "task-1")
	held := f.agent.Scripts.Hash()
	first.Close(1001, "its name is known now")
	second := f.Accept(t)
	second.Challenge()
	second.Hello()
	second.Send(map[string]any{
		"type": "welcome", "state": status.Approved, "organization": "default", "heartbeatSeconds": 20, "runIntervalSeconds": 7200,
		"canonicalHost": "localhost", "settings": json.RawMessage(lived), "serverTime": "2026-01-02T03:04:05Z",
	})
	second.Types()
	named := f.Accept(t)
	// Nobody has told it anything under the name yet, nor does a process that starts anew know more.
	if shown := f.agent.Board.Shown(); f.agent.Scripts.Hash() != held || shown.Settings.Revision != 9 {
		t.Errorf("%s is held, and it lives by %+v\n%s", f.agent.Scripts.Hash(), shown.Settings, f.log)
	}
	configured, err := configuration.Read(f.agent.At)
	must(t, err)
	if kept, err := settings.Kept(f.agent.At, configured.ServerKey()); err != nil || kept.Revision != 9 {
		t.Errorf("%+v is kept: %v", kept, err)
	}
	again := later.New(f.agent.At, f.agent.Now, f.agent.Log, func(int) {})
	again.Belong(configured.ServerKey())
	if again.Hash() != held {
		t.Error("a process that starts anew drops what was held")
	}
	welcomeAs(named, status.Approved, "localhost")
}
