package connection

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"pulumi-kace/reference-agent/internal/configuration"
	"pulumi-kace/reference-agent/internal/status"
)

// canonicalTimeout bounds the attempt to reach the server by its own name.
const canonicalTimeout = 30 * time.Second

// canonicalServer is the server under the name that it calls itself, where that is another than the agent knows it by.
func (s *session) canonicalServer(name string) (string, bool) {
	host, port, err := net.SplitHostPort(s.configured.Server)
	if err != nil || name == "" || strings.EqualFold(name, host) {
		return "", false
	}
	server, err := configuration.ParseServer(net.JoinHostPort(name, port))
	if err != nil {
		s.agent.Log.Warn("the server's own name is none", "name", short(name))
		return "", false
	}
	return server, true
}

// seekCanonical tries whether the server that it trusts answers under its own name as well. The channel tells that it
// does; an address, or a name that was good enough for the installation, is then given up for it.
func (s *session) seekCanonical(ctx context.Context) <-chan string {
	if s.state != status.Approved {
		return nil
	}
	server, other := s.canonicalServer(s.canonicalHost)
	if !other {
		return nil
	}
	reached := make(chan string, 1)
	// The session may come to trust others meanwhile.
	pinned := s.pinned
	go func() {
		ctx, cancel := context.WithTimeout(ctx, canonicalTimeout)
		defer cancel()
		// The name was parsed a moment ago.
		host, _, _ := net.SplitHostPort(server)
		dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: connectTimeout}, Config: trust(host, pinned, s.agent.Now)}
		connection, err := dialer.DialContext(ctx, "tcp", server)
		if err != nil {
			s.agent.Log.Info("the server's own name is of no use here", "server", server, "error", plain(err))
			return
		}
		if err := connection.Close(); err != nil {
			s.agent.Log.Debug("the attempt was not closed well", "error", err)
		}
		reached <- server
	}()
	return reached
}

// repoint has the agent work with the server's own name from now on.
func (s *session) repoint(server string) error {
	changed, err := configuration.Repoint(s.agent.At, s.configured, server)
	if err != nil {
		// The connection that there is goes on; the next one tries again.
		s.agent.Log.Error("the server's own name could not be kept", "error", err)
		return nil
	}
	if !changed {
		return nil
	}
	s.agent.Log.Info("the server is called by its own name from now on", "before", s.configured.Server, "server", server)
	return errReload
}
