package connection

import (
	"context"
	"encoding/json"

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
	if s.agent.delivered.add(message.ID) {
		s.agent.Log.Info("alert", "text", text)
		if err := s.agent.Alert(ctx, text); err != nil {
			return s.report(ctx, message.ID, messageFailed, "it could not be shown: "+short(err.Error()))
		}
	}
	return s.report(ctx, message.ID, messageCompleted, "")
}

func (s *session) report(ctx context.Context, id, status, note string) error {
	return s.send(ctx, protocol.MessageStatus{Type: protocol.TypeMessageStatus, ID: id, Status: status, Note: short(note)})
}

// recent is a bounded set of ids, the oldest of which is forgotten first.
type recent struct{ ids []string }

// add is false for an id that is in the set.
func (r *recent) add(id string) bool {
	for _, known := range r.ids {
		if known == id {
			return false
		}
	}
	if len(r.ids) == rememberedMessages {
		r.ids = r.ids[1:]
	}
	r.ids = append(r.ids, id)
	return true
}
