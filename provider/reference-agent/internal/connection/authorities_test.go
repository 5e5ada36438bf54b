package connection

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/configuration"
	"pulumi-kace/reference-agent/internal/fakeserver"
	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/status"
)

func certificateOf(t *testing.T, authority *fakeserver.Authority) tls.Certificate {
	return authority.Issue(t, "127.0.0.1", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

// succession is an agent that trusts the first of two authorities, which its server uses.
func succession(t *testing.T) (f *fixture, first, second *fakeserver.Authority) {
	first, second = fakeserver.NewAuthority(t), fakeserver.NewAuthority(t)
	f = fixtureWith(t, first, certificateOf(t, first))
	f.agent.Spread = func(time.Duration) time.Duration { return 0 }
	return f, first, second
}

// prints are the fingerprints of authorities.
func prints(authorities ...*fakeserver.Authority) []string {
	var certificates []*x509.Certificate
	for _, authority := range authorities {
		certificates = append(certificates, authority.Certificate)
	}
	return configuration.Fingerprints(certificates)
}

// keeps says that the agent's file holds these authorities and no others.
func (f *fixture) keeps(authorities ...*fakeserver.Authority) {
	f.t.Helper()
	configured, err := configuration.Read(f.agent.At)
	must(f.t, err)
	kept, err := configured.ReadCA(f.agent.At)
	must(f.t, err)
	if got := configuration.Fingerprints(kept); !slices.Equal(got, prints(authorities...)) {
		f.t.Fatalf("the file holds %v, not %v", got, prints(authorities...))
	}
	if found, err := os.Stat(f.agent.At.CA()); err != nil || found.Mode() != 0o644 {
		f.t.Errorf("the file's mode is %v: %v", found.Mode(), err)
	}
}

func greeted(t *testing.T, peer *fakeserver.Peer, trusted ...*fakeserver.Authority) {
	t.Helper()
	peer.Challenge()
	if hello := peer.Hello(); !slices.Equal(hello.Trusts, prints(trusted...)) {
		t.Fatalf("it says that it trusts %v, not %v", hello.Trusts, prints(trusted...))
	}
}

func trustSaid(t *testing.T, peer *fakeserver.Peer, trusted ...*fakeserver.Authority) protocol.Trust {
	t.Helper()
	var said protocol.Trust
	peer.Next(protocol.TypeTrust, &said)
	if !slices.Equal(said.Trusts, prints(trusted...)) {
		t.Fatalf("it says that it trusts %v, not %v", said.Trusts, prints(trusted...))
	}
	return said
}

func TestComesToTrustTheNextAuthorityAndDropsTheFirstOnceItIsUsed(t *testing.T) {
	f, first, second := succession(t)
	f.start()
	peer := f.Accept(t)
	greeted(t, peer, first)
	peer.WelcomeAnnouncing(status.Approved, first, second)
	if said := trustSaid(t, peer, first, second); said.Note != "" {
		t.Errorf("it notes %q", said.Note)
	}
	f.keeps(first, second)
	// The server goes over to the second one; whoever is connected stays so.
	f.Show(certificateOf(t, second))
	peer.Announce(second)
	trustSaid(t, peer, first, second)
	trustSaid(t, peer, second)
	f.keeps(second)
	peer.Drop()
	again := f.Accept(t)
	greeted(t, again, second)
	again.Welcome(status.Approved, "", 20)
	f.until("connected by the second", func(shown status.Status) bool {
		return shown.Connected && shown.Trusts == prints(second)[0][:12]
	})
}

func TestOneThatWasAwayDropsTheFirstAuthorityWhenItComesBack(t *testing.T) {
	f, first, second := succession(t)
	both := string(first.PEM) + string(second.PEM)
	f.configure(configuration.Change{CA: &both})
	f.Show(certificateOf(t, second))
	f.start()
	peer := f.Accept(t)
	greeted(t, peer, first, second)
	peer.WelcomeAnnouncing(status.Quarantined, second)
	trustSaid(t, peer, second)
	f.keeps(second)
}

func TestKeepsTheAuthorityThatItsServerStillUses(t *testing.T) {
	f, first, second := succession(t)
	f.start()
	peer := f.Accept(t)
	greeted(t, peer, first)
	peer.WelcomeAnnouncing(status.Approved, second)
	trustSaid(t, peer, first, second)
	f.untilLogged("does not use the announced authorities yet")
	f.keeps(first, second)
}

func TestTakesUpNothingThatIsNoAuthority(t *testing.T) {
	f, first, second := succession(t)
	f.start()
	peer := f.Accept(t)
	greeted(t, peer, first)
	peer.Welcome(status.Approved, "", 20)
	leaf := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificateOf(t, first).Certificate[0]})
	for name, texts := range map[string][]string{
		"rubbish":          {"rubbish"},
		"a server's":       {string(leaf)},
		"two in one":       {string(first.PEM) + string(second.PEM)},
		"one that is none": {string(second.PEM), ""},
		"too many":         slices.Repeat([]string{string(second.PEM)}, maxAuthorities+1),
	} {
		peer.Send(map[string]any{"type": "authorities", "authorities": texts})
		if said := trustSaid(t, peer, first); said.Note == "" {
			t.Errorf("%s: it does not say why", name)
		}
	}
	f.keeps(first)
}

func TestKeepsWhatItTrustsAndSaysSoWhenItCannotWrite(t *testing.T) {
	f, first, second := succession(t)
	// A disk that is full fails the same write; this one fails for root as well.
	inTheWay := filepath.Join(f.agent.At.CA()+".new", "in the way")
	must(t, os.MkdirAll(inTheWay, 0o700))
	f.start()
	peer := f.Accept(t)
	greeted(t, peer, first)
	peer.WelcomeAnnouncing(status.Approved, first, second)
	if said := trustSaid(t, peer, first); !strings.Contains(said.Note, "ca.pem.new") {
		t.Errorf("it notes %q", said.Note)
	}
	f.keeps(first)
	must(t, os.RemoveAll(f.agent.At.CA()+".new"))
	peer.Announce(first, second)
	trustSaid(t, peer, first, second)
	f.keeps(first, second)
}

func TestTrustAfterAnAnnouncement(t *testing.T) {
	a, b, c := fakeserver.NewAuthority(t).Certificate, fakeserver.NewAuthority(t).Certificate, fakeserver.NewAuthority(t).Certificate
	list := func(all ...*x509.Certificate) []*x509.Certificate { return all }
	for name, one := range map[string]struct {
		present, announced []*x509.Certificate
		proven             bool
		want               []*x509.Certificate
	}{
		"a next one is added":            {list(a), list(a, b), true, list(a, b)},
		"what is gone is dropped":        {list(a, b), list(b), true, list(b)},
		"but not before it was proven":   {list(a, b), list(b), false, list(a, b)},
		"others are added until then":    {list(a), list(b, c), false, list(a, b, c)},
		"another one may come instead":   {list(a, b), list(a, c), true, list(a, c)},
		"the same stays in its sequence": {list(a, b), list(b, a), false, list(a, b)},
	} {
		if got := trustAfter(one.present, one.announced, one.proven); !slices.EqualFunc(got, one.want, (*x509.Certificate).Equal) {
			t.Errorf("%s: %v", name, configuration.Fingerprints(got))
		}
	}
}

func TestSystemsRootsAreNotTheServersToChange(t *testing.T) {
	second := fakeserver.NewAuthority(t)
	one := session{agent: &Agent{}} // without a connection: a word to the server would be a panic
	if err := one.hearAuthorities(context.Background(), []string{string(second.PEM)}); err != nil || one.pinned != nil {
		t.Errorf("%v, %v", one.pinned, err)
	}
}
