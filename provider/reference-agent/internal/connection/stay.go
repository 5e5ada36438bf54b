package connection

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"

	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/rhythm"
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
	runs := time.NewTimer(0)
	defer runs.Stop()

	s.agent.rhythm.Begin(s.agent.Elapsed())
	renamed := s.seekCanonical(moving)
	// What an earlier connection was asked for and did not bring.
	err := errors.Join(s.hearAuthorities(moving, s.welcomedWith), s.askForPart(moving), s.sayTasks(moving),
		s.beginScripts(moving))
	for {
		if errors.Is(err, errSend) {
			return s.causeOf(err, ended, messages)
		}
		if err != nil {
			return err
		}
		runs.Reset(s.untilLook())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			return err
		case <-s.agent.Reload:
			if !s.isAsConfigured() {
				return errReload
			}
			s.agent.Log.Debug("asked to read a configuration anew that this connection was made by")
		case message := <-messages:
			err = s.answer(moving, message)
		case <-heartbeats.C:
			err = s.send(moving, protocol.Heartbeat{Type: protocol.TypeHeartbeat})
		case <-runs.C:
			err = s.run(moving)
		case <-s.agent.CheckIn:
			err = s.forced(moving)
		case <-s.agent.Tasks.Changed():
			err = s.sayTasks(moving)
		case <-s.agent.Scripts.Changed():
			err = s.sayScripts(moving, false)
		case errand := <-s.agent.Errands:
			err = s.do(moving, errand)
		case server := <-renamed:
			err = s.repoint(server)
		case authorities := <-s.proven:
			err = s.dropOthers(moving, authorities)
		case one := <-s.agent.Packages.wishes():
			err = s.want(moving, one)
		}
	}
}

// untilLook is how long until a check-in may be due.
func (s *session) untilLook() time.Duration {
	if s.state != status.Approved {
		return s.agent.LookEvery
	}
	pause := s.agent.LookEvery
	for _, one := range []*rhythm.Rhythm{s.agent.rhythm, s.agent.looks} {
		if !one.Waiting() {
			pause = min(pause, one.Wait(s.agent.Elapsed()))
		}
	}
	return pause
}

// run checks in if that is due; only an approving server is told of the machine.
func (s *session) run(ctx context.Context) error {
	if s.state != status.Approved {
		return nil
	}
	for id := range s.staying {
		s.callBack(id)
	}
	checkIn, inventory := s.agent.rhythm.Look(s.agent.Elapsed(), s.agent.Now())
	waiting := s.agent.rhythm.Waiting()
	s.agent.Board.Change(func(shown *status.Status) { shown.Waiting = waiting })
	if checkIn {
		if err := s.checkIn(ctx, inventory); err != nil {
			return err
		}
	}
	if look, _ := s.agent.looks.Look(s.agent.Elapsed(), s.agent.Now()); look {
		return s.sayScripts(ctx, true)
	}
	return nil
}

// forced checks in because somebody asked for it, whatever the window says.
func (s *session) forced(ctx context.Context) error {
	if s.state != status.Approved {
		return nil
	}
	s.agent.rhythm.Forced(s.agent.Elapsed())
	return s.checkIn(ctx, true)
}

func (s *session) checkIn(ctx context.Context, inventory bool) error {
	if s.agent.unkept {
		s.agent.keepLived()
	}
	now := s.agent.Now().UTC().Format(time.RFC3339)
	s.agent.Board.Change(func(shown *status.Status) { shown.LastCheckIn, shown.Waiting = now, false })
	err := s.send(ctx, protocol.CheckIn{Type: protocol.TypeCheckIn, SettingsRevision: s.agent.lived.Revision})
	if err != nil || !inventory {
		return err
	}
	return s.sendInventory(ctx)
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
			s.agent.rhythm.Begin(s.agent.Elapsed())
			s.agent.looks.Begin(s.agent.Elapsed())
			return errors.Join(s.askForPart(ctx), s.beginScripts(ctx))
		}
		return nil
	case protocol.TypeCheckIn:
		return s.ordered(ctx, message.MessageID)
	case protocol.TypeMessage:
		return s.deliver(ctx, message)
	case protocol.TypeSettings:
		s.learn(message)
	case protocol.TypeAuthorities:
		return s.hearAuthorities(ctx, message.Authorities)
	case protocol.TypeTask:
		return s.takeTask(ctx, message)
	case protocol.TypeTaskCancel:
		s.callBack(message.ID)
	case protocol.TypeTaskStatusReceived:
		if s.agent.Tasks != nil {
			s.agent.Tasks.Received(message.ID)
		}
	case protocol.TypePackagePart, protocol.TypePackageRefused:
		s.takePart(message)
	case protocol.TypeRefused:
		return s.refused(message)
	case protocol.TypeInventoryReceived:
		s.agent.Log.Info("checked in")
	}
	return nil
}

// sendInventory tells the server of the machine.
func (s *session) sendInventory(ctx context.Context) error {
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
