package settings

import "time"

const minutesPerDay = 24 * 60

// Window is a time of every day, by the machine's own clock: "22:00" to "06:00" goes across midnight. Where both ends
// are the same it is the whole day.
type Window struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Always is the window that is never closed.
var Always = Window{From: "00:00", To: "00:00"}

// Contains says whether the window is open at a moment, whose location is the machine's.
func (w Window) Contains(at time.Time) bool {
	from, to, now := minuteOf(w.From), minuteOf(w.To), at.Hour()*60+at.Minute()
	switch {
	case from == to:
		return true
	case from < to:
		return from <= now && now < to
	default:
		return now >= from || now < to
	}
}

// Left is how long the window that is open at a moment stays open, by the clock on the wall.
func (w Window) Left(at time.Time) time.Duration {
	from, to := minuteOf(w.From), minuteOf(w.To)
	if from == to {
		return minutesPerDay * time.Minute
	}
	minutes := (to - at.Hour()*60 - at.Minute() + minutesPerDay) % minutesPerDay
	return time.Duration(minutes)*time.Minute - time.Duration(at.Second())*time.Second
}

func (w Window) valid() bool { return minuteOf(w.From) >= 0 && minuteOf(w.To) >= 0 }

// minuteOf the day that "HH:MM" is, or -1.
func minuteOf(text string) int {
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return -1
	}
	return at.Hour()*60 + at.Minute()
}
