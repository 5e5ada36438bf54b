package rhythm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/settings"
)

// world is an agent's clocks: one that nobody sets, and the one on the wall.
type world struct {
	t       *testing.T
	rhythm  *Rhythm
	elapsed time.Duration
	wall    time.Time
	// share of what it is asked for that chance gives.
	share float64
}

func begin(t *testing.T, lived settings.Settings, clock string) *world {
	wall, err := time.ParseInLocation("15:04", clock, time.Local)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, wall: wall, share: 0.5}
	w.rhythm = New(lived, func(limit time.Duration) time.Duration { return time.Duration(w.share * float64(limit)) })
	w.rhythm.Begin(0)
	return w
}

// live looks every half minute, as the agent does, and gives what happened at which time on the wall: "01:00 inventory".
func (w *world) live(length time.Duration) []string {
	const step = 30 * time.Second
	seen := []string{}
	for end := w.elapsed + length; w.elapsed < end; w.elapsed, w.wall = w.elapsed+step, w.wall.Add(step) {
		checkIn, inventory := w.rhythm.Look(w.elapsed, w.wall)
		switch {
		case inventory && !checkIn:
			w.t.Fatal("an inventory without a check-in")
		case inventory:
			seen = append(seen, w.wall.Format("15:04")+" inventory")
		case checkIn:
			seen = append(seen, w.wall.Format("15:04"))
		}
	}
	return seen
}

func lived(run, inventory time.Duration, from, to string) settings.Settings {
	told := settings.Default()
	told.RunIntervalSeconds, told.InventoryIntervalSeconds = run.Seconds(), inventory.Seconds()
	told.CommunicationsWindow = settings.Window{From: from, To: to}
	return told
}

func (w *world) expect(got []string, want string) {
	w.t.Helper()
	if wanted := strings.Split(want, ", "); !slices.Equal(got, wanted) {
		w.t.Errorf("%v, not %v", got, wanted)
	}
}

func TestADay(t *testing.T) {
	const always = "00:00"
	cases := map[string]struct {
		lived  settings.Settings
		begins string
		hours  int
		want   string
	}{
		"every hour, with the inventory": {
			lived(time.Hour, 0, always, always), "10:00", 4, "10:00 inventory, 11:00 inventory, 12:00 inventory, 13:00 inventory"},
		"the inventory every other time": {
			lived(2*time.Hour, 4*time.Hour, always, always), "10:00", 11, "10:00 inventory, 12:00, 14:00 inventory, 16:00, 18:00 inventory, 20:00"},
		"in a window, what was due waits for its beginning, and a little longer": {
			lived(time.Hour, 0, "01:00", "03:00"), "22:00", 6, "01:30 inventory, 02:30 inventory"},
		"in a window across midnight": {
			lived(2*time.Hour, 0, "23:00", "01:00"), "22:30", 5, "23:30 inventory"},
		"in a window that is open at the beginning": {
			lived(time.Hour, 0, "09:00", "11:00"), "10:15", 5, "10:15 inventory"},
		"with an interval that is longer than the window is away, once a day": {
			lived(20*time.Hour, 0, "01:00", "01:10"), "00:00", 72, "01:02 inventory, 01:02 inventory, 01:02 inventory"},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			w := begin(t, one.lived, one.begins)
			w.expect(w.live(time.Duration(one.hours)*time.Hour), one.want)
		})
	}
}

func TestAClockThatIsSetChangesNoInterval(t *testing.T) {
	for _, jump := range []time.Duration{48 * time.Hour, -48 * time.Hour, 30 * time.Minute, -90 * time.Minute} {
		t.Run(fmt.Sprint(jump), func(t *testing.T) {
			w := begin(t, lived(time.Hour, 0, "00:00", "00:00"), "10:00")
			w.live(90 * time.Minute)
			w.wall = w.wall.Add(jump)
			before := w.elapsed
			if seen := w.live(31 * time.Minute); len(seen) != 1 {
				t.Errorf("half an hour after %v: %v", before, seen)
			}
			if seen := w.live(10 * time.Hour); len(seen) != 10 {
				t.Errorf("ten hours later: %v", seen)
			}
		})
	}
}

func TestAClockThatIsSetOpensAndClosesTheWindow(t *testing.T) {
	w := begin(t, lived(time.Hour, 0, "01:00", "06:00"), "12:00")
	if seen := w.live(time.Hour); len(seen) != 0 || !w.rhythm.Waiting() {
		t.Fatalf("outside of the window: %v", seen)
	}
	w.wall = w.wall.Add(-11 * time.Hour) // 02:00
	if seen := w.live(time.Hour); len(seen) != 1 {
		t.Errorf("in the window: %v", seen)
	}
	w.wall = w.wall.Add(8 * time.Hour)
	if seen := w.live(5 * time.Hour); len(seen) != 0 || !w.rhythm.Waiting() {
		t.Errorf("outside of it again: %v", seen)
	}
}

func TestForcedCheckInsBeginTheIntervalAnew(t *testing.T) {
	w := begin(t, lived(time.Hour, 2*time.Hour, "00:00", "00:00"), "10:00")
	w.live(90 * time.Minute) // 10:00 and 11:00
	w.rhythm.Forced(w.elapsed)
	w.expect(w.live(150*time.Minute), "12:30, 13:30 inventory")
	// Outside of the window too: it is somebody's wish. What waited for the window has been done by it.
	closed := begin(t, lived(time.Hour, 0, "01:00", "06:00"), "12:00")
	closed.live(10 * time.Minute)
	closed.rhythm.Forced(closed.elapsed)
	if closed.rhythm.Waiting() {
		t.Error("it waits for what was done")
	}
	closed.expect(closed.live(15*time.Hour), "01:30 inventory, 02:30 inventory")
}

func TestOtherSettingsHoldAtOnce(t *testing.T) {
	const always = "00:00"
	cases := map[string]struct {
		first, next settings.Settings
		after       time.Duration
		hours       int
		want        string
	}{
		"shorter": {
			lived(10*time.Hour, 0, always, always), lived(time.Hour, 0, always, always), 30 * time.Minute, 3,
			"11:00 inventory, 12:00 inventory, 13:00 inventory"},
		"shorter than what has passed: within the new interval, not all at once": {
			lived(10*time.Hour, 0, always, always), lived(time.Hour, 0, always, always), 5 * time.Hour, 2,
			"15:30 inventory, 16:30 inventory"},
		"longer": {
			lived(time.Hour, 0, always, always), lived(3*time.Hour, 0, always, always), 30 * time.Minute, 7,
			"13:00 inventory, 16:00 inventory"},
		"fewer inventories": {
			lived(time.Hour, 0, always, always), lived(time.Hour, 3*time.Hour, always, always), 30 * time.Minute, 6,
			"11:00, 12:00, 13:00 inventory, 14:00, 15:00, 16:00 inventory"},
		"a window": {
			lived(time.Hour, 0, always, always), lived(time.Hour, 0, "20:00", "21:30"), 30 * time.Minute, 12,
			"20:22 inventory, 21:22 inventory"},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			w := begin(t, one.first, "10:00")
			w.expect(w.live(one.after), "10:00 inventory")
			w.rhythm.Apply(one.next, w.elapsed)
			w.expect(w.live(time.Duration(one.hours)*time.Hour), one.want)
		})
	}
}

func TestAFleetThatWasConnectedAgainDriftsApart(t *testing.T) {
	for _, share := range []float64{0, 1} {
		w := begin(t, lived(time.Hour, 0, "00:00", "00:00"), "10:00")
		w.share = share
		want := map[float64]string{0: "10:00 inventory, 10:54 inventory, 11:48 inventory", 1: "10:00 inventory, 11:06 inventory"}[share]
		w.expect(w.live(2*time.Hour), want)
	}
}

func TestBringsTheInventoryWhenItIsConnected(t *testing.T) {
	w := begin(t, lived(time.Hour, 10*time.Hour, "00:00", "00:00"), "10:00")
	w.live(90 * time.Minute)
	w.rhythm.Begin(w.elapsed)
	w.expect(w.live(70*time.Minute), "11:30 inventory, 12:30")
}
