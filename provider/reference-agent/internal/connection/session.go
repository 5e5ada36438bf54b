package connection

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"

	"pulumi-kace/reference-agent/internal/configuration"
	"pulumi-kace/reference-agent/internal/inventory"
	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/settings"
	"pulumi-kace/reference-agent/internal/status"
)

const (
	// greetingTimeout bounds everything from the dial to the welcome.
	greetingTimeout = 60 * time.Second
	writeTimeout    = 10 * time.Second
	// missedHeartbeats without any word from the server end the connection.
	missedHeartbeats = 3
	// closeReplaced is the server's code for a connection that a newer one of the same device takes the place of.
	closeReplaced = websocket.StatusCode(4000)
	// maxReasonBytes is how much of the server's own words is shown.
	maxReasonBytes = 300
)

// session is one connection, from the dial to its end.
type session struct {
	agent      *Agent
	configured configuration.Configuration
	pinned     []*x509.Certificate
	token      string

	socket     *websocket.Conn
	welcomedAt time.Time
	state      string
	heartbeat  time.Duration
	// canonicalHost is what the server calls itself.
	canonicalHost string
	// told is what was said of each task over this connection.
	told map[string]string
	// staying are the scripts for later that were called back and could not be taken off the disk.
	staying map[string]bool

	// presented are the certificates that the server showed.
	presented []*x509.Certificate
	// welcomedWith are the authorities that the welcome announced, as they came.
	welcomedWith []string
	// announced are the authorities that the server wants trusted, as it said last.
	announced []*x509.Certificate
	// proven tells of announced authorities that the server was reached by.
	proven chan []*x509.Certificate
}

// lasted is how long ago the server welcomed the agent. It comes from the monotonic clock.
func (s *session) lasted() time.Duration {
	if s.welcomedAt.IsZero() {
		return 0
	}
	return time.Since(s.welcomedAt)
}

func (s *session) serve(ctx context.Context) error {
	greeting, greeted := context.WithTimeout(ctx, greetingTimeout)
	defer greeted()
	open, err := dial(greeting, s.configured.Server, s.pinned, s.agent.Now)
	if err != nil {
		return err
	}
	defer open.release()
	s.socket, s.presented = open.socket, open.presented
	// Closed without a word where nothing below said one: a peer that is gone cannot be waited for.
	defer s.socket.CloseNow()

	machine, err := s.agent.Look()
	if err != nil {
		return err
	}
	if err := s.greet(greeting, machine); err != nil {
		return s.sayGoodbye(err)
	}
	greeted()
	// A context that ends during a read or write takes the connection with it, and the goodbye; so these have another.
	moving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s.proven = make(chan []*x509.Certificate, 1)
	return s.sayGoodbye(s.stay(ctx, moving))
}

// isAsConfigured says whether the disk has nothing else than what the connection was made by: an attempt between a change
// and the signal that tells of it goes by the change already. A token that was used is gone.
func (s *session) isAsConfigured() bool {
	configured, err := configuration.Read(s.agent.At)
	if err != nil || configured != s.configured {
		return false
	}
	token, err := configuration.ReadToken(s.agent.At)
	if err != nil || token != "" && token != s.token {
		return false
	}
	pinned, err := configured.ReadCA(s.agent.At)
	return err == nil && sameTrust(pinned, s.pinned)
}

// sayGoodbye tells the server why the agent leaves, where it is the agent that does.
func (s *session) sayGoodbye(why error) error {
	code, reason := websocket.StatusProtocolError, "not understood"
	switch {
	case websocket.CloseStatus(why) != -1:
		return why
	case errors.Is(why, errReload):
		code, reason = websocket.StatusNormalClosure, "configured anew"
	case errors.Is(why, context.Canceled):
		code, reason = websocket.StatusNormalClosure, "stopping"
	case errors.Is(why, errRefused):
		code, reason = websocket.StatusNormalClosure, "refused"
	}
	// A failure to say it changes nothing: the connection ends either way, and `why` is the reason to show.
	if err := s.socket.Close(code, reason); err != nil {
		s.agent.Log.Debug("the connection ended without a goodbye", "error", err)
	}
	return why
}

// greet answers the challenge and takes the server's verdict.
func (s *session) greet(ctx context.Context, machine inventory.Machine) error {
	challenge, err := s.await(ctx, protocol.TypeChallenge)
	if err != nil {
		return err
	}
	device := s.agent.Device
	publicKey, signature, err := protocol.Sign(device.Key, challenge.Nonce, device.KUID, s.configured.Server)
	if err != nil {
		return err
	}
	err = s.send(ctx, protocol.Hello{
		Type:         protocol.TypeHello,
		Protocol:     protocol.Version,
		KUID:         device.KUID,
		PublicKey:    publicKey,
		Signature:    signature,
		Token:        s.token,
		Hostname:     machine.Hostname,
		AgentVersion: s.agent.Version,
		Flavour:      "reference",
		OS:           machine.OS,
		MachineID:    machine.ID,
		Addresses:    machine.Addresses,
		MACs:         machine.MACs,
		Can:          s.agent.abilities(),
		Trusts:       configuration.Fingerprints(s.pinned),
	})
	if err != nil {
		return err
	}
	welcome, err := s.await(ctx, protocol.TypeWelcome)
	if err != nil {
		return err
	}
	s.heartbeat = seconds(welcome.HeartbeatSeconds, time.Second, time.Hour, 20*time.Second)
	s.welcomedAt = time.Now()
	s.agent.Log.Info("connected", "server", s.configured.Server, "state", welcome.State)
	s.canonicalHost, s.welcomedWith = welcome.CanonicalHost, welcome.Authorities
	s.learn(welcome)
	return s.take(welcome)
}

// learn takes up the settings that came with a message. A server that knows none says its run interval in the welcome.
func (s *session) learn(message protocol.Incoming) {
	if message.Settings == nil {
		if message.Type != protocol.TypeWelcome {
			return
		}
		told := settings.Default()
		told.RunIntervalSeconds = seconds(message.RunIntervalSeconds, time.Second, 30*24*time.Hour, 2*time.Hour).Seconds()
		s.agent.liveBy(told)
		return
	}
	told, err := settings.Parse(message.Settings)
	if err != nil {
		// Those of before go on: a server of a later version must not lose the machines that it cannot talk to.
		s.agent.Log.Error("the settings stay as they were", "error", err)
		return
	}
	s.agent.liveBy(told)
}

// await reads until a message of this type comes; a refusal in its place is an error.
func (s *session) await(ctx context.Context, wanted string) (protocol.Incoming, error) {
	for {
		message, err := s.read(ctx)
		if err != nil {
			return protocol.Incoming{}, err
		}
		switch message.Type {
		case wanted:
			return message, nil
		case protocol.TypeRefused:
			return protocol.Incoming{}, s.refused(message)
		}
	}
}

func (s *session) refused(message protocol.Incoming) error {
	s.agent.Board.Change(func(shown *status.Status) {
		shown.State, shown.Reason, shown.Refused = status.Unknown, short(message.Code), true
	})
	return fmt.Errorf("%w (%s): %s", errRefused, short(message.Code), short(message.Message))
}

// take records a state that the server gave and does what follows from it.
func (s *session) take(message protocol.Incoming) error {
	switch message.State {
	case status.Approved, status.Quarantined, status.Blocked:
	default:
		return fmt.Errorf("the server gave the unknown state %q", short(message.State))
	}
	if message.State == status.Approved && s.token != "" {
		if err := configuration.ForgetToken(s.agent.At, s.configured); err != nil {
			// The device is approved all the same; the next connection tries again.
			s.agent.Log.Error("the used enrolment token could not be deleted", "error", err)
		} else {
			s.token = ""
		}
	}
	s.state = message.State
	s.agent.Board.Change(func(shown *status.Status) {
		shown.Connected, shown.Refused = true, false
		shown.State, shown.Reason, shown.LastError = message.State, short(message.Reason), ""
	})
	if message.State != status.Approved {
		s.agent.Scripts.Clear("the server gave the state " + message.State)
		s.agent.Log.Warn("not approved", "state", message.State, "reason", short(message.Reason))
	}
	return nil
}

// read takes the next message. Closing codes of the server become words.
func (s *session) read(ctx context.Context) (protocol.Incoming, error) {
	kind, text, err := s.socket.Read(ctx)
	if websocket.CloseStatus(err) == closeReplaced {
		return protocol.Incoming{}, errReplaced
	}
	if err != nil {
		return protocol.Incoming{}, err
	}
	if kind != websocket.MessageText {
		return protocol.Incoming{}, errors.New("the server sent a binary message")
	}
	return protocol.Parse(text)
}

func (s *session) send(ctx context.Context, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if err := s.socket.Write(ctx, websocket.MessageText, text); err != nil {
		return fmt.Errorf("%w: %w", errSend, err)
	}
	return nil
}

// seconds makes a length of time from the server's number, inside bounds.
func seconds(number float64, least, most, otherwise time.Duration) time.Duration {
	if !(number > 0) {
		return otherwise
	}
	return time.Duration(min(max(number*float64(time.Second), float64(least)), float64(most)))
}

func short(text string) string {
	if len(text) > maxReasonBytes {
		return text[:maxReasonBytes] + "..."
	}
	return text
}
