package identity

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestIsMadeOnceAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device.json")
	first, err := Obtain(path, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Obtain(path, rand.Reader)
	if err != nil || second.KUID != first.KUID || !second.Key.Equal(first.Key) {
		t.Errorf("%+v, %v", second, err)
	}
	if !kuidForm.MatchString(first.KUID) || first.KUID[14] != '4' {
		t.Errorf("KUID %s is no random UUID", first.KUID)
	}
	if found, err := os.Stat(path); err != nil || found.Mode() != 0o600 {
		t.Errorf("%v %v", found.Mode(), err)
	}
	other, err := Obtain(filepath.Join(t.TempDir(), "device.json"), rand.Reader)
	if err != nil || other.KUID == first.KUID || other.Key.Equal(first.Key) {
		t.Errorf("two machines are one device: %v", err)
	}
}

func TestADamagedFileIsNotReplacedAndNotQuoted(t *testing.T) {
	for _, text := range []string{"", "{", `{"kuid":"x"}`, `{"kuid":"0b0e3f5e-8d7c-4a4e-9d3a-111111111111","privateKey":"Y2FuYXJ5"}`} {
		path := filepath.Join(t.TempDir(), "device.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Obtain(path, rand.Reader)
		if err == nil || !strings.Contains(err.Error(), "damaged") || strings.Contains(err.Error(), "Y2FuYXJ5") {
			t.Errorf("%q: %v", text, err)
		}
		if left, err := os.ReadFile(path); err != nil || string(left) != text {
			t.Errorf("%q became %q: %v", text, left, err)
		}
	}
}
