package configuration

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/fakeserver"
	"pulumi-kace/reference-agent/internal/layout"
)

func apply(t *testing.T, at layout.Layout, json string) Configuration {
	t.Helper()
	change, err := ReadChange(strings.NewReader(json))
	if err != nil {
		t.Fatal(err)
	}
	configured, err := Apply(at, change)
	if err != nil {
		t.Fatal(err)
	}
	read, err := Read(at)
	if err != nil || read != configured {
		t.Fatalf("wrote %+v, read %+v: %v", configured, read, err)
	}
	return configured
}

func token(t *testing.T, at layout.Layout) string {
	t.Helper()
	text, err := ReadToken(at)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestServersHaveOneForm(t *testing.T) {
	for given, want := range map[string]string{
		"kace.example.com:443": "kace.example.com:443",
		"KACE.Example.COM:443": "kace.example.com:443",
		"10.0.0.1:0443":        "10.0.0.1:443",
		"[2001:DB8:0::1]:8443": "[2001:db8::1]:8443",
		"kace_server:1":        "kace_server:1",
	} {
		if got, err := ParseServer(given); err != nil || got != want {
			t.Errorf("%s: %q, %v", given, got, err)
		}
	}
	for _, given := range []string{"", "kace", ":443", "kace:", "kace:0", "kace:65536", "kace:-1", "a b:443", "kace\n:443", "2001:db8::1:443", "https://kace:443", "user@kace:443"} {
		if got, err := ParseServer(given); err == nil {
			t.Errorf("%q was taken for %q", given, got)
		}
	}
}

func TestAbsentPartsStayAndAnotherServerForgetsThem(t *testing.T) {
	at := layout.Layout{Root: t.TempDir()}
	ca := strings.ReplaceAll(string(fakeserver.NewAuthority(t).PEM), "\n", `\n`)
	first := apply(t, at, `{"server":"one:443","token":"t1","ca":"`+ca+`"}`)
	if first.CAFile != layout.CAPath || first.Generation != 1 || token(t, at) != "t1" {
		t.Errorf("%+v", first)
	}
	same := apply(t, at, `{"server":"one:443"}`)
	if same.CAFile != layout.CAPath || same.Generation != 2 || token(t, at) != "t1" {
		t.Errorf("%+v", same)
	}
	if pinned, err := same.ReadCA(at); err != nil || len(pinned) != 1 {
		t.Errorf("%d pinned: %v", len(pinned), err)
	}
	other := apply(t, at, `{"server":"two:443"}`)
	if other.CAFile != "" || token(t, at) != "" {
		t.Errorf("%+v, token %q", other, token(t, at))
	}
	for path, want := range map[string]os.FileMode{at.Configuration(): 0o600, at.StateFolder(): 0o700 | os.ModeDir} {
		if found, err := os.Stat(path); err != nil || found.Mode() != want {
			t.Errorf("%s: %v %v", path, found.Mode(), err)
		}
	}
	apply(t, at, `{"server":"two:443","token":"t2"}`)
	if found, err := os.Stat(at.Token()); err != nil || found.Mode() != 0o600 {
		t.Errorf("token: %v %v", found.Mode(), err)
	}
}

func TestAConfigurationThatTheDiskDoesNotTakeChangesNothing(t *testing.T) {
	authorities := []string{string(fakeserver.NewAuthority(t).PEM), string(fakeserver.NewAuthority(t).PEM)}
	tokens := []string{"t1", "t2"}
	for name, path := range map[string]func(layout.Layout) string{
		"not the authority": layout.Layout.CA, "not the token": layout.Layout.Token, "not the server": layout.Layout.Configuration,
	} {
		t.Run(name, func(t *testing.T) {
			at := layout.Layout{Root: t.TempDir()}
			before, err := Apply(at, Change{Server: "one:443", CA: &authorities[0], Token: &tokens[0]})
			if err != nil {
				t.Fatal(err)
			}
			inTheWay := path(at) + ".new"
			if err := os.MkdirAll(inTheWay+"/something", 0o700); err != nil {
				t.Fatal(err)
			}
			if _, err := Apply(at, Change{Server: "two:443", CA: &authorities[1], Token: &tokens[1]}); err == nil {
				t.Fatal("it is not said")
			}
			ca, err := os.ReadFile(at.CA())
			if err != nil || string(ca) != authorities[0] || token(t, at) != "t1" {
				t.Errorf("token %q, authority %s %v", token(t, at), ca, err)
			}
			if now, err := Read(at); err != nil || now != before {
				t.Errorf("%+v %v", now, err)
			}
			if err := os.RemoveAll(inTheWay); err != nil {
				t.Fatal(err)
			}
			if left, err := filepath.Glob(at.ConfigurationFolder() + "/*.new"); err != nil || len(left) != 0 {
				t.Errorf("%v are left: %v", left, err)
			}
		})
	}
}

func TestATokenThatWasThereFirstIsKept(t *testing.T) {
	at := layout.Layout{Root: t.TempDir()}
	if err := MakeFolders(at); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at.Token(), []byte("from-the-image\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	apply(t, at, `{"server":"one:443"}`)
	if token(t, at) != "from-the-image" {
		t.Errorf("token %q", token(t, at))
	}
}

func TestForgetsOnlyTheTokenThatWasUsed(t *testing.T) {
	at := layout.Layout{Root: t.TempDir()}
	used := apply(t, at, `{"server":"one:443","token":"t1"}`)
	newer := apply(t, at, `{"server":"one:443","token":"t2"}`)
	if err := ForgetToken(at, used); err != nil || token(t, at) != "t2" {
		t.Errorf("token %q: %v", token(t, at), err)
	}
	if err := ForgetToken(at, newer); err != nil || token(t, at) != "" {
		t.Errorf("token %q: %v", token(t, at), err)
	}
}

func TestSaysWhatIsWrongWithTheFiles(t *testing.T) {
	for text, want := range map[string]string{`{"server":`: "not valid JSON", `{"server":"x"}`: "host:port"} {
		at := layout.Layout{Root: t.TempDir()}
		if err := MakeFolders(at); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at.Configuration(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(at); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := (Configuration{CAFile: "/etc/none.pem"}).ReadCA(layout.Layout{Root: t.TempDir()}); err == nil {
		t.Error("a missing authority was let be")
	}
	certificate := fakeserver.NewAuthority(t).Issue(t, "x", time.Now(), time.Now().Add(time.Hour))
	if _, err := ParseCA(certificate.Certificate[0]); err == nil {
		t.Error("DER was taken for PEM")
	}
}

func TestTrustsOthersUnlessItWasConfiguredAnew(t *testing.T) {
	at := layout.Layout{Root: t.TempDir()}
	next := fakeserver.NewAuthority(t)
	ca := strings.ReplaceAll(string(fakeserver.NewAuthority(t).PEM), "\n", `\n`)
	used := apply(t, at, `{"server":"one:443","ca":"`+ca+`"}`)
	newer := apply(t, at, `{"server":"one:443","ca":"`+ca+`"}`)
	before, err := os.ReadFile(at.CA())
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := Trust(at, used, []*x509.Certificate{next.Certificate}); changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	if after, err := os.ReadFile(at.CA()); err != nil || string(after) != string(before) {
		t.Errorf("the newer configuration's authority is gone: %v", err)
	}
	if changed, err := Trust(at, newer, []*x509.Certificate{next.Certificate}); !changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	if kept, err := newer.ReadCA(at); err != nil || len(kept) != 1 || !kept[0].Equal(next.Certificate) {
		t.Errorf("%d are kept: %v", len(kept), err)
	}
}

func TestAFileOfSomebodyElseIsNotWritten(t *testing.T) {
	at := layout.Layout{Root: t.TempDir()}
	if err := MakeFolders(at); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at.Configuration(), []byte(`{"server":"one:443","caFile":"/etc/ours.pem"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	used, err := Read(at)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Trust(at, used, []*x509.Certificate{fakeserver.NewAuthority(t).Certificate})
	if err == nil || !strings.Contains(err.Error(), "/etc/ours.pem") {
		t.Errorf("%v", err)
	}
}

func TestKnowsItsServerByEitherName(t *testing.T) {
	at := layout.Layout{Root: t.TempDir()}
	repoint := func(server string) {
		t.Helper()
		used, err := Read(at)
		if err != nil {
			t.Fatal(err)
		}
		if changed, err := Repoint(at, used, server); !changed || err != nil {
			t.Fatalf("%v, %v", changed, err)
		}
	}
	mustBe := func(server, key string) {
		t.Helper()
		if read, err := Read(at); err != nil || read.Server != server || read.ServerKey() != key {
			t.Errorf("%+v of %s: %v", read, read.ServerKey(), err)
		}
	}
	apply(t, at, `{"server":"10.0.0.5:443"}`)
	mustBe("10.0.0.5:443", "10.0.0.5:443")
	repoint("kace:443")
	repoint("kace.example.com:443")
	mustBe("kace.example.com:443", "10.0.0.5:443")
	// A token for the same server, by whichever name.
	for _, same := range []string{"kace.example.com:443", "10.0.0.5:443"} {
		apply(t, at, `{"server":"`+same+`","token":"t"}`)
		mustBe(same, "10.0.0.5:443")
	}
	repoint("kace.example.com:443")
	apply(t, at, `{"server":"other:443"}`)
	mustBe("other:443", "other:443")
}
