package connection

import (
	"context"
	"errors"
	"slices"
	"testing"

	"pulumi-kace/reference-agent/internal/fakeserver"
	"pulumi-kace/reference-agent/internal/protocol"
)

// connected starts the agent and greets it with this state.
func connected(f *fixture, state string) *fakeserver.Peer {
	f.t.Helper()
	f.start()
	peer := f.Accept(f.t)
	peer.Greet(state, "")
	return peer
}

// shows makes the agent keep its alerts in the returned function's list, and fail with this error.
func (f *fixture) shows(failure error) func() []string {
	shown := []string{}
	f.agent.Alert = func(_ context.Context, text string) error {
		f.mutex.Lock()
		defer f.mutex.Unlock()
		shown = append(shown, text)
		return failure
	}
	return func() []string {
		f.mutex.Lock()
		defer f.mutex.Unlock()
		return slices.Clone(shown)
	}
}

func TestSaysWhatBecameOfAnOrderedCheckIn(t *testing.T) {
	f := newFixture(t)
	peer := connected(f, "approved")
	peer.Next(protocol.TypeInventory, &protocol.Inventory{}) // its own, after the welcome
	peer.Send(map[string]any{"type": "check-in", "messageId": "message-1"})
	var answer protocol.MessageStatus
	peer.NextOf(&answer)
	if answer != (protocol.MessageStatus{Type: "message-status", ID: "message-1", Status: "received"}) {
		t.Fatalf("it first says %+v", answer)
	}
	peer.Next(protocol.TypeInventory, &protocol.Inventory{})
	peer.NextOf(&answer)
	if answer.Status != "completed" || answer.ID != "message-1" {
		t.Errorf("after its inventory it says %+v", answer)
	}
}

func TestIsNotOrderedAboutWhileItWaitsInQuarantine(t *testing.T) {
	f := newFixture(t)
	peer := connected(f, "quarantined")
	peer.Send(map[string]any{"type": "check-in", "messageId": "message-1"})
	var answer protocol.MessageStatus
	peer.Next(protocol.TypeMessageStatus, &answer)
	if answer.Status != "failed" || answer.Note != "the agent is not approved" {
		t.Errorf("it says %+v", answer)
	}
}

func TestShowsAnAlertOnceHoweverOftenItComes(t *testing.T) {
	f := newFixture(t)
	shown := f.shows(nil)
	peer := connected(f, "approved")
	for range 2 {
		peer.Send(map[string]any{"type": "message", "id": "message-7", "messageType": "alert", "payload": "Wartung um 18:00"})
		var answer protocol.MessageStatus
		peer.Next(protocol.TypeMessageStatus, &answer)
		if answer.ID != "message-7" || answer.Status != "completed" {
			t.Fatalf("it says %+v", answer)
		}
	}
	if texts := shown(); !slices.Equal(texts, []string{"Wartung um 18:00"}) {
		t.Errorf("it showed %q", texts)
	}
}

func TestSaysWhyAMessageFailed(t *testing.T) {
	f := newFixture(t)
	shown := f.shows(errors.New("no terminal"))
	peer := connected(f, "approved")
	for _, one := range []struct{ kind, note string }{
		{"alert", "it could not be shown: no terminal"},
		{"alert", "it could not be shown: no terminal"}, // the server, which may not have heard, sends it again
		{"from-a-later-server", "this agent does not know messages of type from-a-later-server"},
	} {
		peer.Send(map[string]any{"type": "message", "id": one.kind, "messageType": one.kind, "payload": "text"})
		var answer protocol.MessageStatus
		peer.Next(protocol.TypeMessageStatus, &answer)
		if answer.Status != "failed" || answer.Note != one.note {
			t.Errorf("it says %+v", answer)
		}
	}
	if texts := shown(); len(texts) != 1 {
		t.Errorf("it tried to show %q", texts)
	}
}

func TestForgetsTheOldestOfTheMessagesItKnows(t *testing.T) {
	known := recent{}
	for index := range rememberedMessages + 1 {
		known.add(delivery{id: string(rune('a' + index)), status: messageCompleted})
	}
	if _, isKnown := known.of(string(rune('a' + rememberedMessages))); !isKnown {
		t.Error("the newest is not known")
	}
	if _, isKnown := known.of("a"); isKnown {
		t.Error("the oldest is still known")
	}
	if _, isKnown := known.of("b"); !isKnown {
		t.Error("one that is not the oldest is forgotten")
	}
}
