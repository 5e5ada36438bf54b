package connection

import (
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/configuration"
	"pulumi-kace/reference-agent/internal/fakeserver"
	"pulumi-kace/reference-agent/internal/status"
)

const skew = 48 * time.Hour

func TestConnectsWithAClockTwoDaysWrong(t *testing.T) {
	for name, wrong := range map[string]time.Duration{"behind": -skew, "ahead": skew} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.now = time.Now().Add(wrong)
			f.start()
			f.Accept(t).Greet("approved", "")
			f.until("approved", func(s status.Status) bool { return s.Connected && s.State == status.Approved })
		})
	}
}

func TestTrustsOnlyWhatItShould(t *testing.T) {
	ours, other := fakeserver.NewAuthority(t), fakeserver.NewAuthority(t)
	now := time.Now()
	from, to := now.Add(-time.Hour), now.Add(time.Hour)
	pinned := []*x509.Certificate{other.Certificate, ours.Certificate}
	cases := []struct {
		name      string
		authority *fakeserver.Authority
		for_      string
		pinned    []*x509.Certificate
		now       time.Time
		trusted   bool
	}{
		{"the pinned authority's", ours, "kace.test", pinned, now, true},
		{"with a clock behind", ours, "kace.test", pinned, now.Add(-skew), true},
		{"with a clock ahead", ours, "kace.test", pinned, now.Add(skew), true},
		{"of another name", ours, "other.test", pinned, now, false},
		{"of another name, with a clock behind", ours, "other.test", pinned, now.Add(-skew), false},
		{"of an authority that is not pinned", ours, "kace.test", []*x509.Certificate{other.Certificate}, now, false},
		{"of an authority that is not pinned, clock ahead", ours, "kace.test", []*x509.Certificate{other.Certificate}, now.Add(skew), false},
		{"of an authority the system does not know", ours, "kace.test", nil, now, false},
	}
	for _, one := range cases {
		t.Run(one.name, func(t *testing.T) {
			certificate := one.authority.Issue(t, one.for_, from, to)
			err := verify([]*x509.Certificate{certificate.Leaf}, "kace.test", one.pinned, one.now)
			if (err == nil) != one.trusted {
				t.Errorf("trusted: %v, because of %v", err == nil, err)
			}
		})
	}
	if err := verify(nil, "kace.test", pinned, now); err == nil {
		t.Error("no certificate at all was trusted")
	}
}

func TestSaysNothingToAServerItDoesNotTrust(t *testing.T) {
	authority := fakeserver.NewAuthority(t)
	cases := map[string]struct {
		name, ca, want string
	}{
		"of another name":      {"127.0.0.2", string(authority.PEM), "127.0.0.2"},
		"of another authority": {"127.0.0.1", string(fakeserver.NewAuthority(t).PEM), "unknown authority"},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			f := fixtureWith(t, authority, authority.Issue(t, one.name, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)))
			f.configure(configuration.Change{CA: &one.ca})
			f.start()
			shown := f.until("failed", func(s status.Status) bool { return s.LastError != "" })
			if !strings.Contains(shown.LastError, one.want) {
				t.Errorf("%q does not say %q", shown.LastError, one.want)
			}
		})
	}
}

func TestSaysWhatAnswersInTheServersPlace(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	nobody := closed.Addr().String()
	must(t, closed.Close())
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	elsewhere := httptest.NewTLSServer(http.RedirectHandler("https://127.0.0.1:1/agent/v1", http.StatusFound))
	defer elsewhere.Close()

	cases := map[string]struct{ server, want string }{
		"nobody":                  {nobody, "connection refused"},
		"a server without TLS":    {plain.Listener.Addr().String(), "HTTP response to HTTPS client"},
		"a server that redirects": {elsewhere.Listener.Addr().String(), "HTTP 302"},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			ca := pemOf(elsewhere.Certificate())
			f.configure(configuration.Change{Server: one.server, CA: &ca})
			f.start()
			shown := f.until("failed", func(s status.Status) bool { return s.LastError != "" })
			if !strings.Contains(shown.LastError, one.want) || !strings.Contains(shown.LastError, one.server) {
				t.Errorf("%q does not say %q and %q", shown.LastError, one.want, one.server)
			}
		})
	}
}
