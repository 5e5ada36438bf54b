package connection

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/configuration"
	"pulumi-kace/reference-agent/internal/fakeserver"
	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/settings"
	"pulumi-kace/reference-agent/internal/status"
)

// told is settings as a server says them.
func told(revision int, run, inventory time.Duration, from, to string) string {
	return fmt.Sprintf(`{"revision":%d,"communicationsWindow":{"from":%q,"to":%q},"runIntervalSeconds":%g,"inventoryIntervalSeconds":%g,
		"splashText":"Please wait","scriptingUpdateIntervalSeconds":28800,"logRetention":"saveAll"}`, revision, from, to, run.Seconds(), inventory.Seconds())
}

const always = "00:00"

// at sets the fixture's clock on the wall.
func (f *fixture) at(clock string) {
	f.t.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04", "2026-05-05 "+clock, time.Local)
	must(f.t, err)
	f.now = moment
}

// said gives the types of what the agent says from now on, until it answers a check-in that the server asks for.
func said(peer *fakeserver.Peer) []string {
	types := []string{}
	peer.Send(map[string]any{"type": "check-in"})
	for {
		var head struct {
			Type string `json:"type"`
		}
		peer.NextOf(&head)
		types = append(types, head.Type)
		if head.Type == protocol.TypeInventory {
			return types
		}
	}
}

func TestLivesByTheSettingsOfTheWelcome(t *testing.T) {
	f := newFixture(t)
	f.start()
	peer := f.Accept(t)
	peer.Challenge()
	peer.Hello()
	peer.WelcomeWith("approved", told(4, 2*time.Hour, 4*time.Hour, always, always))
	var run protocol.CheckIn
	peer.Next(protocol.TypeCheckIn, &run)
	var sent protocol.Inventory
	peer.Next(protocol.TypeInventory, &sent)
	if run.SettingsRevision != 4 {
		t.Errorf("it checks in with revision %d", run.SettingsRevision)
	}
	shown := f.until("living by them", func(s status.Status) bool { return s.LastCheckIn != "" })
	if shown.Settings.RunInterval() != 2*time.Hour || shown.Settings.SplashText != "Please wait" || shown.Settings.Revision != 4 {
		t.Errorf("%+v", shown.Settings)
	}
	// Every other run brings the inventory: the first one does not, and the next message is the second run's.
	f.pass(2 * time.Hour)
	peer.Next(protocol.TypeCheckIn, &run)
	f.pass(2 * time.Hour)
	peer.Next(protocol.TypeCheckIn, &run)
	peer.Next(protocol.TypeInventory, &sent)
}

func TestTakesUpOtherSettingsWithoutARestart(t *testing.T) {
	f := newFixture(t)
	f.start()
	peer := f.Accept(t)
	peer.Challenge()
	peer.Hello()
	peer.WelcomeWith("approved", told(1, 24*time.Hour, 0, always, always))
	var sent protocol.Inventory
	peer.Next(protocol.TypeInventory, &sent)
	f.pass(2 * time.Minute)
	peer.Send(map[string]any{"type": "settings", "settings": json.RawMessage(told(2, time.Minute, 0, always, always))})
	f.until("living by them", func(s status.Status) bool { return s.Settings.Revision == 2 })
	for range 3 {
		f.pass(time.Minute)
		var run protocol.CheckIn
		peer.Next(protocol.TypeCheckIn, &run)
		if run.SettingsRevision != 2 {
			t.Errorf("it checks in with revision %d", run.SettingsRevision)
		}
		peer.Next(protocol.TypeInventory, &sent)
	}
}

func TestChecksInWithinTheWindowOnly(t *testing.T) {
	f := newFixture(t)
	f.at("12:00")
	f.start()
	peer := f.Accept(t)
	peer.Challenge()
	peer.Hello()
	peer.WelcomeWith("approved", told(1, time.Hour, 0, "22:00", "06:00"))
	f.until("waiting for the window", func(s status.Status) bool { return s.Connected && s.Waiting })
	if shown := f.agent.Board.Shown(); shown.LastCheckIn != "" {
		t.Errorf("it checked in at %s", shown.LastCheckIn)
	}
	// Whoever asks for it is answered, and nothing was said before.
	if types := said(peer); len(types) != 2 || types[0] != protocol.TypeCheckIn {
		t.Errorf("%v", types)
	}
	f.pass(time.Hour)
	f.until("waiting again", func(s status.Status) bool { return s.Waiting })
	f.pass(9 * time.Hour) // 22:00
	var run protocol.CheckIn
	f.until("no longer waiting", func(s status.Status) bool { return !s.Waiting })
	f.pass(30 * time.Minute) // chance spreads the agents over half the interval here
	peer.Next(protocol.TypeCheckIn, &run)
}

func TestKnowsItsSettingsWithoutTheServer(t *testing.T) {
	f := newFixture(t)
	stop := f.start()
	peer := f.Accept(t)
	peer.Challenge()
	peer.Hello()
	peer.WelcomeWith("approved", told(9, 3*time.Hour, 0, "22:00", "06:00"))
	f.until("living by them", func(s status.Status) bool { return s.Settings.Revision == 9 })
	stop()
	// The agent starts anew, and nobody has answered it yet.
	f.agent.rhythm, f.agent.server, f.agent.lived = nil, "", settings.Settings{}
	f.agent.Board.Change(func(s *status.Status) { s.Settings = settings.Settings{} })
	f.start()
	shown := f.until("living by them again", func(s status.Status) bool { return s.Settings.Revision == 9 })
	if shown.Connected || shown.Settings.RunInterval() != 3*time.Hour {
		t.Errorf("%+v", shown)
	}
}

func TestKeepsItsSettingsOnceThereIsRoom(t *testing.T) {
	f := newFixture(t)
	inTheWay := f.agent.At.Settings() + ".new"
	must(t, os.MkdirAll(filepath.Join(inTheWay, "something"), 0o700))
	f.start()
	peer := f.Accept(t)
	peer.Challenge()
	peer.Hello()
	peer.WelcomeWith("approved", told(9, 3*time.Hour, 0, always, always))
	f.until("living by them", func(s status.Status) bool { return s.Settings.Revision == 9 })
	var run protocol.CheckIn
	peer.Next(protocol.TypeCheckIn, &run)
	must(t, os.RemoveAll(inTheWay))
	f.pass(3 * time.Hour)
	peer.Next(protocol.TypeCheckIn, &run)
	configured, err := configuration.Read(f.agent.At)
	must(t, err)
	kept, err := settings.Kept(f.agent.At, configured.ServerKey())
	if err != nil || kept.Revision != 9 {
		t.Errorf("%+v %v", kept, err)
	}
}

func TestAnOlderServerSaysItsRunIntervalInTheWelcome(t *testing.T) {
	f := newFixture(t)
	f.start()
	peer := f.Accept(t)
	peer.Greet("approved", "") // as servers did before there were settings
	var sent protocol.Inventory
	peer.Next(protocol.TypeInventory, &sent)
	f.until("living by it", func(s status.Status) bool {
		return s.Settings.RunInterval() == 2*time.Hour && s.Settings.Revision == 0
	})
	f.pass(2 * time.Hour)
	peer.Next(protocol.TypeInventory, &sent)
}

func TestKeepsItsSettingsWhereItIsToldNonsense(t *testing.T) {
	f := newFixture(t)
	f.start()
	peer := f.Accept(t)
	peer.Challenge()
	peer.Hello()
	peer.WelcomeWith("approved", told(1, time.Hour, 0, always, always))
	f.until("living by them", func(s status.Status) bool { return s.Settings.Revision == 1 })
	for _, nonsense := range []string{
		told(2, 0, 0, always, always), told(3, time.Hour, 0, "24:00", "25:00"), `[]`, `{"revision":"four"}`, `null`,
	} {
		peer.Send(map[string]any{"type": "settings", "settings": json.RawMessage(nonsense)})
	}
	// The connection lasts, and the next ones that can be lived by are.
	peer.Send(map[string]any{"type": "settings", "settings": json.RawMessage(told(5, 2*time.Hour, 0, always, always))})
	f.until("living by them", func(s status.Status) bool { return s.Settings.Revision == 5 && s.Connected })
	if log := f.log.String(); strings.Count(log, "the settings stay as they were") != 4 {
		t.Errorf("the log does not say what was wrong:\n%s", log)
	}
}
