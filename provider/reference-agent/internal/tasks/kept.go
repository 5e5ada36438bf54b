package tasks

import (
	"slices"
	"time"

	"pulumi-kace/reference-agent/internal/atomicfile"
	"pulumi-kace/reference-agent/internal/protocol"
)

// keepAgainAfter is how long what the disk did not take waits.
const keepAgainAfter = time.Minute

// Changed says that Reports gives something new.
func (r *Runner) Changed() <-chan struct{} {
	if r == nil {
		return nil
	}
	return r.changed
}

// Reports are what the server is to be told: that a task runs, and how others ended, until it has received that.
func (r *Runner) Reports() []protocol.TaskStatus {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	reports := slices.Clone(r.ended)
	if r.running != nil {
		reports = append(reports, protocol.TaskStatus{Type: protocol.TypeTaskStatus, ID: r.running.ID, Status: protocol.TaskStarted})
	}
	return reports
}

// Received forgets how a task ended: the server keeps it now.
func (r *Runner) Received(id string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	index := slices.IndexFunc(r.ended, func(one protocol.TaskStatus) bool { return one.ID == id })
	if index < 0 {
		return
	}
	r.ended = slices.Delete(r.ended, index, index+1)
	r.settled(id)
	if err := atomicfile.Remove(r.store.ended(id)); err != nil {
		r.log.Error("a report that was delivered could not be deleted", "task", id, "error", err)
	}
}

// Announce tells the server of a task that the agent began itself, and of how it ended. It is kept before Announce
// returns without an error.
func (r *Runner) Announce(report protocol.TaskStatus) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	report.Type = protocol.TypeTaskStatus
	clean, cut := harmless(report.Output, protocol.MaxOutputBytes)
	report.Output, report.OutputTruncated = clean, report.OutputTruncated || cut
	if err := r.store.keep(r.store.ended(report.ID), report); err != nil {
		return err
	}
	r.remember(report.ID)
	r.ended = append(r.ended, report)
	signal(r.changed)
	return nil
}

// end keeps how a task ended until the server has received it. The mutex is held.
func (r *Runner) end(report protocol.TaskStatus) {
	r.ended = append(r.ended, report)
	signal(r.changed)
	if err := r.store.keep(r.store.ended(report.ID), report); err != nil {
		// It is told all the same; until one or the other is done, the disk says that the task runs.
		r.log.Error("what became of a task could not be kept", "task", report.ID, "error", err)
		r.unkept[report.ID] = true
		signal(r.wake)
		return
	}
	r.settled(report.ID)
}

// conclude is end for a task that may lie on the disk still. Where it cannot be taken away nothing is said of it, and it may
// be added again.
func (r *Runner) conclude(task Task, report protocol.TaskStatus) {
	var stays error
	if keeper, is := r.executors[task.Type].(Keeper); is {
		// Without the mutex: who keeps it may be about to add one.
		stays = keeper.Drop(task.ID)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.running = nil
	if stays == nil {
		r.log.Info("task ended", "id", task.ID, "status", report.Status, "note", report.Note)
		r.end(report)
		return
	}
	r.log.Error("a task cannot begin, and stays on the disk", "task", task.ID, "note", report.Note, "error", stays)
	r.known = slices.DeleteFunc(r.known, func(one string) bool { return one == task.ID })
	r.settled(task.ID)
}

// settled is a task whose report outlives the agent, here or at the server. Only now the disk's note goes that it runs,
// so that an agent which is killed before says that it was cut off, and never runs it again. The mutex is held.
func (r *Runner) settled(id string) {
	delete(r.unkept, id)
	if r.noted != id {
		return
	}
	if err := atomicfile.Remove(r.store.running()); err != nil {
		r.log.Error("a task that ended still stands as running", "error", err)
		return
	}
	r.noted = ""
}

// keepAll keeps what the disk did not take before. The mutex is held.
func (r *Runner) keepAll() error {
	for _, report := range r.ended {
		if !r.unkept[report.ID] {
			continue
		}
		if err := r.store.keep(r.store.ended(report.ID), report); err != nil {
			return err
		}
		r.settled(report.ID)
	}
	return nil
}

// tryAgain is keepAll at a time when nothing hangs on it.
func (r *Runner) tryAgain() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if err := r.keepAll(); err != nil {
		r.log.Warn("what became of a task can still not be kept", "error", err)
	}
}

// untilAgain is nil where everything is kept.
func (r *Runner) untilAgain() <-chan time.Time {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.unkept) == 0 {
		return nil
	}
	return time.After(r.again)
}
