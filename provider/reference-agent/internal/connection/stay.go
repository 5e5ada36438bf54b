package connection

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"

	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/status"
)

// stay keeps a greeted connection: heartbeats, inventories, and whatever the server says. It returns when `ctx` ends;
// what is being read or written goes on until `moving` ends, so that a stop tears no message and can say goodbye.
func (s *session) stay(ctx, moving context.Context) error {
	messages := make(chan protocol.Incoming)
	ended := make(chan error, 1)
	go func() { ended <- s.listen(moving, messages) }()

	heartbeats := time.NewTicker(s.heartbeat)
	defer heartbeats.Stop()
	runs := time.NewTicker(s.runInterval)
	defer runs.Stop()

	err := s.sendInventory(moving)
	for {
		if errors.Is(err, errSend) {
			return s.causeOf(err, ended, messages)
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			return err
		case <-s.agent.Reload:
			return errReload
		case message := <-messages:
			err = s.answer(moving, message)
		case <-heartbeats.C:
			err = s.send(moving, protocol.Heartbeat{Type: protocol.TypeHeartbeat})
		case <-runs.C:
			err = s.sendInventory(moving)
		case <-s.agent.CheckIn:
			err = s.sendInventory(moving)
		}
	}
}

// causeOf a failed write is what the reads met, where they know: that the server closed the connection, or fell silent.
func (s *session) causeOf(failed error, ended <-chan error, messages <-chan protocol.Incoming) error {
	if err := s.socket.CloseNow(); err != nil {
		s.agent.Log.Debug("the connection was closed already", "error", err)
	}
	for {
		select {
		case <-messages:
		case read := <-ended:
			if errors.Is(read, errSilent) || errors.Is(read, errReplaced) || websocket.CloseStatus(read) != -1 {
				return read
			}
			return failed
		}
	}
}

// listen hands on the server's messages until the connection fails or the server stays silent for too long.
func (s *session) listen(ctx context.Context, messages chan<- protocol.Incoming) error {
	silence := missedHeartbeats * s.heartbeat
	for {
		waiting, cancel := context.WithTimeout(ctx, silence)
		message, err := s.read(waiting)
		// The connection's own error at this moment may be its closed socket; the reason is the time that ran out.
		silent := errors.Is(waiting.Err(), context.DeadlineExceeded)
		cancel()
		switch {
		case err != nil && silent:
			return fmt.Errorf("%w for %s", errSilent, silence)
		case err != nil:
			return err
		}
		select {
		case messages <- message:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *session) answer(ctx context.Context, message protocol.Incoming) error {
	switch message.Type {
	case protocol.TypeState:
		before := s.state
		if err := s.take(message); err != nil {
			return err
		}
		if s.state != before {
			return s.sendInventory(ctx)
		}
		return nil
	case protocol.TypeCheckIn:
		return s.sendInventory(ctx)
	case protocol.TypeRefused:
		return s.refused(message)
	case protocol.TypeInventoryReceived:
		s.agent.Log.Info("checked in")
	}
	return nil
}

// sendInventory tells an approving server of the machine, and any other nothing.
func (s *session) sendInventory(ctx context.Context) error {
	if s.state != status.Approved {
		return nil
	}
	machine, err := s.agent.Look()
	if err != nil {
		// What the machine does not tell now, it may tell at the next run.
		s.agent.Log.Error("the inventory could not be taken", "error", err)
		return nil
	}
	return s.send(ctx, protocol.Inventory{
		Type:          protocol.TypeInventory,
		CollectedAt:   s.agent.Now().UTC().Format(time.RFC3339),
		Hostname:      machine.Hostname,
		OS:            machine.OS,
		AgentVersion:  s.agent.Version,
		Addresses:     machine.Addresses,
		MACs:          machine.MACs,
		MemoryBytes:   machine.MemoryBytes,
		CPUs:          machine.CPUs,
		UptimeSeconds: machine.UptimeSeconds,
	})
}
