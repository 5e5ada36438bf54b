package connection

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"pulumi-kace/reference-agent/internal/configuration"
	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/status"
)

const (
	// maxAuthorities is how many a server may announce at once.
	maxAuthorities = 8
	// maxTrusted bounds what comes together from announcements that the server never used.
	maxTrusted = 16
	// proofSpread keeps agents that were told together from trying their server's new certificate together.
	proofSpread  = 30 * time.Second
	proofTimeout = 30 * time.Second
)

// parseAuthorities reads authorities that a server announced, each alone in its text.
func parseAuthorities(texts []string) ([]*x509.Certificate, error) {
	if len(texts) > maxAuthorities {
		return nil, fmt.Errorf("%d authorities, which is more than %d", len(texts), maxAuthorities)
	}
	var authorities []*x509.Certificate
	for _, text := range texts {
		parsed, err := configuration.ParseCA([]byte(text))
		if err != nil {
			return nil, err
		}
		if len(parsed) != 1 || !parsed[0].IsCA {
			return nil, errors.New("one of them is no certificate of an authority")
		}
		if !slices.ContainsFunc(authorities, parsed[0].Equal) {
			authorities = append(authorities, parsed[0])
		}
	}
	return authorities, nil
}

// trustAfter is whom to trust once a server has announced authorities. Those that it does not announce any more are
// dropped only where the server was reached by an announced one: nobody is cut off by a promise.
func trustAfter(present, announced []*x509.Certificate, proven bool) []*x509.Certificate {
	if proven {
		return announced
	}
	after := slices.Clone(present)
	for _, authority := range announced {
		if !slices.ContainsFunc(after, authority.Equal) {
			after = append(after, authority)
		}
	}
	return after
}

// sameTrust says whether two lists hold the same, in whatever order.
func sameTrust(one, other []*x509.Certificate) bool {
	return len(one) == len(other) && !slices.ContainsFunc(one, func(authority *x509.Certificate) bool {
		return !slices.ContainsFunc(other, authority.Equal)
	})
}

// hearAuthorities takes up the authorities that the server announces over this connection, which was verified, and says
// which it trusts then. An agent that trusts its system's roots goes on with those: who is trusted there is its owner's
// to say.
func (s *session) hearAuthorities(ctx context.Context, texts []string) error {
	if len(texts) == 0 || len(s.pinned) == 0 {
		return nil
	}
	announced, err := parseAuthorities(texts)
	if err != nil {
		s.agent.Log.Error("the announced authorities are not taken up", "error", err)
		return s.sayTrust(ctx, err)
	}
	s.announced = announced
	host, _, err := net.SplitHostPort(s.configured.Server)
	if err != nil {
		return err
	}
	unproven := verify(s.presented, host, announced, s.agent.Now())
	failure := s.trustIn(trustAfter(s.pinned, announced, unproven == nil))
	if unproven != nil && failure == nil && !sameTrust(s.pinned, announced) {
		go s.prove(ctx, host, announced)
	}
	return s.sayTrust(ctx, failure)
}

// prove tries whether the server can be reached by the announced authorities alone, so that the others can go without a
// new connection. A server that does not use them yet announces the one it uses as well, and is not asked.
func (s *session) prove(ctx context.Context, host string, announced []*x509.Certificate) {
	wait := time.NewTimer(s.agent.Spread(proofSpread))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return
	case <-wait.C:
	}
	ctx, cancel := context.WithTimeout(ctx, proofTimeout)
	defer cancel()
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: connectTimeout}, Config: trust(host, announced, s.agent.Now)}
	connection, err := dialer.DialContext(ctx, "tcp", s.configured.Server)
	if err != nil {
		s.agent.Log.Warn("the server does not use the announced authorities yet; the others stay", "error", plain(err))
		return
	}
	if err := connection.Close(); err != nil {
		s.agent.Log.Debug("the attempt was not closed well", "error", err)
	}
	select {
	case s.proven <- announced:
	case <-ctx.Done():
	}
}

// dropOthers trusts none but these authorities, which the server was reached by, unless it has announced others since.
func (s *session) dropOthers(ctx context.Context, proven []*x509.Certificate) error {
	if !sameTrust(proven, s.announced) {
		return nil
	}
	return s.sayTrust(ctx, s.trustIn(proven))
}

// trustIn keeps whom to trust. Where that fails all stays as it was.
func (s *session) trustIn(authorities []*x509.Certificate) error {
	if sameTrust(s.pinned, authorities) {
		return nil
	}
	if len(authorities) > maxTrusted {
		return fmt.Errorf("that would be %d authorities, which is more than %d", len(authorities), maxTrusted)
	}
	changed, err := configuration.Trust(s.agent.At, s.configured, authorities)
	if err != nil {
		s.agent.Log.Error("the server's authorities could not be kept; those of before stay", "error", err)
		return err
	}
	if !changed {
		return nil
	}
	s.pinned = authorities
	s.agent.Log.Info("trusts the authorities that the server announced", "authorities", shortPrints(authorities))
	s.agent.showTrust(authorities)
	return nil
}

// sayTrust tells the server whom the agent trusts, and what kept it from trusting others.
func (s *session) sayTrust(ctx context.Context, failure error) error {
	note := ""
	if failure != nil {
		note = short(failure.Error())
	}
	return s.send(ctx, protocol.Trust{Type: protocol.TypeTrust, Trusts: configuration.Fingerprints(s.pinned), Note: note})
}

// showTrust shows whom the agent trusts in its status.
func (a *Agent) showTrust(authorities []*x509.Certificate) {
	text := shortPrints(authorities)
	a.Board.Change(func(shown *status.Status) { shown.Trusts = text })
}

const shortPrintLength = 12

// shortPrints are the beginnings of fingerprints, for people.
func shortPrints(authorities []*x509.Certificate) string {
	if len(authorities) == 0 {
		return "system roots"
	}
	prints := configuration.Fingerprints(authorities)
	for index, whole := range prints {
		prints[index] = whole[:shortPrintLength]
	}
	return strings.Join(prints, ", ")
}
