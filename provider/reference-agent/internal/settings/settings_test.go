package settings

import (
	"os"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/configuration"
	"pulumi-kace/reference-agent/internal/layout"
)

func at(t *testing.T, clock string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04:05", "2026-03-29 "+clock, time.Local)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestTheWindowIsOpen(t *testing.T) {
	cases := []struct {
		from, to, clock string
		open            bool
		left            time.Duration
	}{
		{"00:00", "00:00", "00:00:00", true, 24 * time.Hour},
		{"00:00", "00:00", "23:59:59", true, 24 * time.Hour},
		{"01:00", "06:00", "00:59:59", false, 0},
		{"01:00", "06:00", "01:00:00", true, 5 * time.Hour},
		{"01:00", "06:00", "05:59:30", true, 30 * time.Second},
		{"01:00", "06:00", "06:00:00", false, 0},
		{"22:00", "06:00", "21:59:59", false, 0},
		{"22:00", "06:00", "22:00:00", true, 8 * time.Hour},
		{"22:00", "06:00", "23:59:00", true, 6*time.Hour + time.Minute},
		{"22:00", "06:00", "00:00:00", true, 6 * time.Hour},
		{"22:00", "06:00", "05:59:00", true, time.Minute},
		{"22:00", "06:00", "06:00:00", false, 0},
		{"22:00", "00:00", "23:00:00", true, time.Hour},
		{"22:00", "00:00", "00:00:00", false, 0},
		{"00:00", "00:01", "00:00:59", true, time.Second},
		{"00:00", "00:01", "00:01:00", false, 0},
	}
	for _, one := range cases {
		window := Window{From: one.from, To: one.to}
		moment := at(t, one.clock)
		if open := window.Contains(moment); open != one.open {
			t.Errorf("from %s to %s at %s: open is %v", one.from, one.to, one.clock, open)
		}
		if left := window.Left(moment); one.open && left != one.left {
			t.Errorf("from %s to %s at %s: %v left, not %v", one.from, one.to, one.clock, left, one.left)
		}
	}
}

func TestReadsWhatTheServerTells(t *testing.T) {
	told, err := Parse([]byte(`{"revision":7,"communicationsWindow":{"from":"22:00","to":"06:00"},"runIntervalSeconds":7200,
		"inventoryIntervalSeconds":14400,"splashText":"Bitte warten","scriptingUpdateIntervalSeconds":60,"logRetention":"off","later":[1]}`))
	want := Settings{
		Revision: 7, CommunicationsWindow: Window{"22:00", "06:00"}, RunIntervalSeconds: 7200, InventoryIntervalSeconds: 14400,
		SplashText: "Bitte warten", ScriptingUpdateIntervalSeconds: 60, LogRetention: "off",
	}
	if err != nil || told != want {
		t.Errorf("%+v %v", told, err)
	}
	// A server that says less than this agent knows.
	less, err := Parse([]byte(`{"revision":1}`))
	want = Default()
	want.Revision = 1
	if err != nil || less != want {
		t.Errorf("%+v %v", less, err)
	}
}

func TestRefusesWhatCannotBeLivedBy(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":             `{`,
		"a list":              `[1]`,
		"a window of words":   `{"communicationsWindow":{"from":"night","to":"day"}}`,
		"a window at 24:00":   `{"communicationsWindow":{"from":"01:00","to":"24:00"}}`,
		"a short time of day": `{"communicationsWindow":{"from":"1:00","to":"06:00"}}`,
		"half a window":       `{"communicationsWindow":{"from":"01:00","to":""}}`,
		"no run interval":     `{"runIntervalSeconds":0}`,
		"time that runs back": `{"inventoryIntervalSeconds":-1}`,
		"an interval of text": `{"runIntervalSeconds":"1h"}`,
		"an endless text":     `{"splashText":"` + strings.Repeat("x", 2000) + `"}`,
	} {
		if told, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: %+v", name, told)
		}
	}
}

func TestRunsPerInventory(t *testing.T) {
	const hour = 3600
	for _, one := range []struct {
		run, inventory float64
		want           int
	}{
		{2 * hour, 0, 1}, {2 * hour, 4 * hour, 2}, {hour, 4 * hour, 4}, {2 * hour, 3 * hour, 2}, {4 * hour, hour, 1},
		{hour, hour, 1}, {60, 30 * 24 * hour, 43200},
	} {
		lived := Settings{RunIntervalSeconds: one.run, InventoryIntervalSeconds: one.inventory}
		if got := lived.RunsPerInventory(); got != one.want {
			t.Errorf("%g s and %g s: every %d runs, not %d", one.run, one.inventory, got, one.want)
		}
	}
}

func TestKeepsThemForTheServerThatToldThem(t *testing.T) {
	files := layout.Layout{Root: t.TempDir()}
	if err := configuration.MakeFolders(files); err != nil {
		t.Fatal(err)
	}
	if first, err := Kept(files, "kace:8443"); err != nil || first != Default() {
		t.Errorf("before anything was told: %+v %v", first, err)
	}
	told := Default()
	told.Revision, told.RunIntervalSeconds, told.CommunicationsWindow = 3, 60, Window{"22:00", "06:00"}
	if err := Keep(files, "kace:8443", told); err != nil {
		t.Fatal(err)
	}
	if kept, err := Kept(files, "kace:8443"); err != nil || kept != told {
		t.Errorf("%+v %v", kept, err)
	}
	if other, err := Kept(files, "other:8443"); err != nil || other != Default() {
		t.Errorf("another server's settings are lived by: %+v %v", other, err)
	}
	for _, text := range []string{"", "{", `{"server":"kace:8443","settings":{"runIntervalSeconds":-1}}`, `{"server":"kace:8443"}`} {
		if err := os.WriteFile(files.Settings(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if damaged, err := Kept(files, "kace:8443"); err == nil || damaged != Default() {
			t.Errorf("%q: %+v %v", text, damaged, err)
		}
	}
}
