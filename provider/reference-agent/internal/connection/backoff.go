package connection

import "time"

const (
	firstDelay = time.Second
	// usualCap bounds the wait after a fault of the network or the server.
	usualCap = time.Minute
	// unwantedCap bounds the wait after the server blocked or refused the device: only a person changes that.
	unwantedCap = 5 * time.Minute
	// stableAfter is how long a connection must have lasted for the next wait to be a short one again. Two machines cloned
	// with one identity replace each other at once and for ever; they must not do it every second.
	stableAfter = time.Minute
)

// Jitter gives a random length from 0 to the limit.
type Jitter func(limit time.Duration) time.Duration

// delay is how long to wait before the attempt after `failed` failed ones: full jitter below a limit that doubles, so
// that agents which lost their server together do not come back together.
func delay(failed int, limit time.Duration, jitter Jitter) time.Duration {
	return jitter(ceiling(failed, limit))
}

func ceiling(failed int, limit time.Duration) time.Duration {
	ceiling := firstDelay
	for range failed - 1 {
		if ceiling *= 2; ceiling >= limit {
			return limit
		}
	}
	return ceiling
}
