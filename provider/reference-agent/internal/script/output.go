package script

import "sync"

// output keeps the beginning and the end of what a script says, within a bound of bytes.
type output struct {
	mutex      sync.Mutex
	limit      int
	head, tail []byte
	dropped    bool
}

const cut = "\n[...]\n"

// Write never fails: whatever a script says, it goes on.
func (o *output) Write(text []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	written := len(text)
	if free := o.limit/2 - len(o.head); free > 0 && len(o.tail) == 0 {
		taken := min(free, len(text))
		o.head, text = append(o.head, text[:taken]...), text[taken:]
	}
	room := o.limit - o.limit/2 - len(cut)
	o.tail = append(o.tail, text...)
	// Moved now and then rather than at every write.
	if len(o.tail) > 2*room {
		o.tail = append(o.tail[:0], o.tail[len(o.tail)-room:]...)
		o.dropped = true
	}
	return written, nil
}

// text is what was kept, and whether that is not all.
func (o *output) text() (string, bool) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	room := o.limit - o.limit/2 - len(cut)
	if len(o.tail) > room {
		o.tail, o.dropped = o.tail[len(o.tail)-room:], true
	}
	if !o.dropped {
		return string(o.head) + string(o.tail), false
	}
	return string(o.head) + cut + string(o.tail), true
}
