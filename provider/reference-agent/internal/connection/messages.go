package connection

import (
	"context"
	"encoding/json"
	"slices"

	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/status"
)

// What becomes of a message of the server's queue.
const (
	messageReceived  = "received"
	messageCompleted = "completed"
	messageFailed    = "failed"
)

// typeAlert is a message for the people at the machine.
const typeAlert = "alert"

// rememberedMessages is how many messages are known again if the server, which did not hear of them, sends them anew.
const rememberedMessages = 256

// ordered checks in because the server wants it. With the id of a message the server hears what became of that.
func (s *session) ordered(ctx context.Context, id string) error {
	if id == "" {
		return s.forced(ctx)
	}
	if s.state != status.Approved {
		return s.report(ctx, id, messageFailed, "the agent is not approved")
	}
	if err := s.report(ctx, id, messageReceived, ""); err != nil {
		return err
	}
	if err := s.forced(ctx); err != nil {
		return err
	}
	// The server keeps what comes first first: its inventory is there when it reads this.
	return s.report(ctx, id, messageCompleted, "")
}

// deliver does what a message asks for.
func (s *session) deliver(ctx context.Context, message protocol.Incoming) error {
	if message.ID == "" {
		return nil
	}
	if message.MessageType != typeAlert {
		return s.report(ctx, message.ID, messageFailed, "this agent does not know messages of type "+short(message.MessageType))
	}
	var text string
	if err := json.Unmarshal(message.Payload, &text); err != nil {
		return s.report(ctx, message.ID, messageFailed, "its text is none")
	}
	outcome, known := s.agent.delivered.of(message.ID)
	if !known {
		s.agent.Log.Info("alert", "text", text)
		outcome = delivery{id: message.ID, status: messageCompleted}
		if err := s.agent.Alert(ctx, text); err != nil {
			outcome.status, outcome.note = messageFailed, "it could not be shown: "+short(err.Error())
		}
		s.agent.delivered.add(outcome)
	}
	return s.report(ctx, message.ID, outcome.status, outcome.note)
}

func (s *session) report(ctx context.Context, id, status, note string) error {
	return s.send(ctx, protocol.MessageStatus{Type: protocol.TypeMessageStatus, ID: id, Status: status, Note: short(note)})
}

// delivery is what became of a message.
type delivery struct{ id, status, note string }

// recent are deliveries, the oldest of which is forgotten first.
type recent struct{ all []delivery }

func (r *recent) of(id string) (delivery, bool) {
	index := slices.IndexFunc(r.all, func(one delivery) bool { return one.id == id })
	if index < 0 {
		return delivery{}, false
	}
	return r.all[index], true
}

func (r *recent) add(one delivery) {
	if len(r.all) == rememberedMessages {
		r.all = r.all[1:]
	}
	r.all = append(r.all, one)
}
