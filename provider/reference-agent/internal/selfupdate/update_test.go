package selfupdate

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/layout"
)

// archiveOf makes an archive of a version whose program is for a processor (the number of ELF headers).
func archiveOf(t *testing.T, version string, machine byte, more ...string) []byte {
	t.Helper()
	program := append([]byte("\x7fELF"), make([]byte, 60)...)
	program[18] = machine
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	entries := tar.NewWriter(zipped)
	add := func(name string, content []byte) {
		must(t, entries.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}))
		_, err := entries.Write(content)
		must(t, err)
	}
	add("opt/kace-reference/VERSION", []byte(version+"\n"))
	add("opt/kace-reference/bin/kace-agent", program)
	for _, name := range more {
		add(name, nil)
	}
	must(t, errors.Join(entries.Close(), zipped.Close()))
	return packed.Bytes()
}

// site is an agent of version 1.4.2, installed from an archive, and a server that hands out packages.
type site struct {
	t        *testing.T
	updater  *Updater
	contents map[string][]byte
	asked    []int64
	started  int
	// watchdog is what the started one does.
	watchdog func(State)
}

const amd64, arm64 = 62, 183

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, contents: map[string][]byte{}}
	at := layout.Layout{Root: t.TempDir()}
	must(t, os.MkdirAll(at.Resolve("/opt/kace-reference/bin"), 0o755))
	must(t, os.Mkdir(at.Resolve("/run"), 0o755))
	must(t, os.WriteFile(at.Resolve("/opt/kace-reference/bin/kace-agent"), []byte("the old program"), 0o755))
	s.updater = &Updater{
		At: at, Version: "1.4.2", Part: s.part, Log: slog.New(slog.DiscardHandler), architecture: "amd64",
		run: s.run, start: s.start, open: openForAppending, pollEvery: time.Millisecond, turnPatience: time.Hour,
		free: func(string) (uint64, error) { return 1 << 30, nil },
	}
	s.watchdog = func(state State) {
		s.end(state, Outcome{TaskID: state.TaskID, Result: Updated, From: state.From, To: state.To})
	}
	return s
}

// run stands for the machine's programs: it has neither dpkg nor rpm, and the copied program says its version.
func (s *site) run(_ context.Context, program string, _ ...string) (string, error) {
	if strings.HasSuffix(program, "/old/bin/kace-agent") {
		return "1.4.2\n", nil
	}
	return "", errors.New("not found")
}

func (s *site) start(context.Context, layout.Layout) error {
	s.started++
	state, err := s.updater.folder().readState()
	must(s.t, err)
	s.watchdog(*state)
	return nil
}

func (s *site) end(state State, outcome Outcome) {
	must(s.t, s.updater.folder().writeOutcome(outcome))
	must(s.t, os.Remove(s.updater.folder().state()))
}

func (s *site) part(_ context.Context, _, hash string, offset int64) ([]byte, int64, error) {
	s.asked = append(s.asked, offset)
	content, there := s.contents[hash]
	if !there {
		return nil, 0, errors.New("the server does not hand out the package")
	}
	return content[offset:min(int64(len(content)), offset+100)], int64(len(content)), nil
}

// offer puts a package on the server and describes it.
func (s *site) offer(version string, content []byte) Package {
	sum := sha256.Sum256(content)
	one := Package{
		Version: version, SHA256: hex.EncodeToString(sum[:]), SizeBytes: int64(len(content)), Format: FormatTar,
		FileName: "kace-reference-agent-" + version + "-linux-amd64.tar.gz",
	}
	s.contents[one.SHA256] = content
	return one
}

func (s *site) update(order Order) (string, error) {
	s.t.Helper()
	if order.ConfirmSeconds == 0 {
		order.ConfirmSeconds = 60
	}
	payload, err := json.Marshal(order)
	must(s.t, err)
	return s.updater.Update(context.Background(), task, payload)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestBringsAllThatTheWatchdogNeeds(t *testing.T) {
	s := newSite(t)
	next := s.offer("1.5.0", archiveOf(t, "1.5.0", amd64))
	present := s.offer("1.4.2", archiveOf(t, "1.4.2", amd64))
	s.watchdog = func(state State) {
		for path, wanted := range map[string][]byte{
			state.New: s.contents[next.SHA256], state.Old: s.contents[present.SHA256], s.updater.folder().watchdog(): []byte("the old program"),
		} {
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, wanted) {
				t.Errorf("%s holds %d bytes, %v", path, len(got), err)
			}
		}
		if state.Phase != PhaseActivating || state.From != "1.4.2" || state.To != "1.5.0" || state.ConfirmSeconds != 60 {
			t.Errorf("the state is %+v", state)
		}
		s.end(state, Outcome{TaskID: task, Result: Updated, From: "1.4.2", To: "1.5.0"})
	}
	if note, err := s.update(Order{Package: next, Rollback: &present}); err != nil || note != "updated from 1.4.2 to 1.5.0" {
		t.Errorf("it says %q, %v", note, err)
	}
}

func TestSaysThatTheOldVersionWasPutBack(t *testing.T) {
	s := newSite(t)
	s.watchdog = func(state State) {
		s.end(state, Outcome{TaskID: task, Result: RolledBack, From: "1.4.2", To: "1.5.0", Reason: "it does not connect"})
	}
	_, err := s.update(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64))})
	if err == nil || err.Error() != "1.4.2 was put back: it does not connect" {
		t.Errorf("it says %v", err)
	}
}

func TestRefusesBeforeAnythingIsTouched(t *testing.T) {
	whole := archiveOf(t, "1.5.0", amd64)
	damaged := bytes.Clone(whole)
	damaged[len(damaged)/2] ^= 1
	for name, test := range map[string]struct {
		order  func(s *site) Order
		reason string
	}{
		"a downgrade": {func(s *site) Order { return Order{Package: s.offer("1.4.1", archiveOf(t, "1.4.1", amd64))} }, "does not allow a downgrade"},
		"another architecture": {
			func(s *site) Order { return Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", arm64))} },
			"is for the architecture arm64; this machine is amd64",
		},
		"another version than it says": {
			func(s *site) Order { return Order{Package: s.offer("1.6.0", whole)} }, "holds version 1.5.0, not 1.6.0",
		},
		"what is no archive": {
			func(s *site) Order { return Order{Package: s.offer("1.5.0", []byte("rubbish"))} }, "the archive cannot be read",
		},
		"an archive that is cut": {
			func(s *site) Order { return Order{Package: s.offer("1.5.0", whole[:len(whole)/2])} }, "the archive cannot be read",
		},
		"an archive with files of others": {
			func(s *site) Order {
				return Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64, "opt/kace-reference/../../etc/passwd"))}
			}, "not below opt/kace-reference/",
		},
		"a package that was damaged on the way": {
			func(s *site) Order {
				one := s.offer("1.5.0", whole)
				s.contents[one.SHA256] = damaged
				return Order{Package: one}
			}, "the package is damaged: its SHA-256",
		},
		"a package of another length than announced": {
			func(s *site) Order {
				one := s.offer("1.5.0", whole)
				one.SizeBytes++
				return Order{Package: one}
			}, "the package is damaged: the server has one of",
		},
		"a package of a format that did not install it": {
			func(s *site) Order {
				one := s.offer("1.5.0", whole)
				one.Format = FormatDeb
				return Order{Package: one}
			}, "installed as tar.gz",
		},
		"what the server does not hand out": {
			func(s *site) Order {
				one := s.offer("1.5.0", whole)
				delete(s.contents, one.SHA256)
				return Order{Package: one}
			}, "the server does not hand out the package",
		},
		"a broken way back": {
			func(s *site) Order {
				back := s.offer("1.4.2", archiveOf(t, "1.4.1", amd64))
				return Order{Package: s.offer("1.5.0", whole), Rollback: &back}
			}, "the package of the present version",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			if _, err := s.update(test.order(s)); err == nil || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("it says %v", err)
			}
			if s.started != 0 {
				t.Error("the watchdog was started")
			}
			entries, err := os.ReadDir(s.updater.folder().path(""))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			for _, entry := range entries {
				// What a later attempt would go on with; nothing of it came.
				if about, err := entry.Info(); err != nil || about.Size() > 0 {
					t.Errorf("%s is left (%v)", entry.Name(), err)
				}
			}
		})
	}
}

func TestGoesOnWithWhatAnInterruptedFetchLeft(t *testing.T) {
	s := newSite(t)
	one := s.offer("1.5.0", archiveOf(t, "1.5.0", amd64))
	must(t, s.updater.folder().make())
	must(t, os.WriteFile(s.updater.folder().staged(one)+".part", s.contents[one.SHA256][:70], 0o600))
	if _, err := s.update(Order{Package: one}); err != nil {
		t.Fatal(err)
	}
	if s.asked[0] != 70 {
		t.Errorf("it asked for what follows at %d", s.asked[0])
	}
}

func TestGoesOnWithAPreparationThatWasInterrupted(t *testing.T) {
	s := newSite(t)
	ctx, stop := context.WithCancel(context.Background())
	part := s.updater.Part
	s.updater.Part = func(ctx context.Context, id, hash string, offset int64) ([]byte, int64, error) {
		if offset > 0 {
			stop()
			return nil, 0, ctx.Err()
		}
		return part(ctx, id, hash, offset)
	}
	payload, err := json.Marshal(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64)), ConfirmSeconds: 60})
	must(t, err)
	if _, err := s.updater.Update(ctx, task, payload); !errors.Is(err, context.Canceled) {
		t.Fatalf("the process that ends says %v", err)
	}
	s.updater.Part = part
	note, err := s.updater.TakeUp(context.Background(), task, payload)
	if err != nil || note != "updated from 1.4.2 to 1.5.0" {
		t.Errorf("the next process says %q, %v", note, err)
	}
	if s.started != 1 || s.asked[1] != 100 {
		t.Errorf("the watchdog was started %d times, and it asked for what follows at %v", s.started, s.asked)
	}
	if note, err := s.updater.TakeUp(context.Background(), task, payload); err != nil || s.started != 1 {
		t.Errorf("once it has ended it is begun anew: %q, %v", note, err)
	}
}

func TestGivesUpAPreparationThatIsInterruptedEachTime(t *testing.T) {
	s := newSite(t)
	s.updater.Part = func(context.Context, string, string, int64) ([]byte, int64, error) { panic("the process dies") }
	payload, err := json.Marshal(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64)), ConfirmSeconds: 60})
	must(t, err)
	dies := func(work func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Fatal("nothing was prepared")
			}
		}()
		work()
	}
	dies(func() { _, _ = s.updater.Update(context.Background(), task, payload) })
	for range maxPreparations - 1 {
		dies(func() { _, _ = s.updater.TakeUp(context.Background(), task, payload) })
	}
	if _, err := s.updater.TakeUp(context.Background(), task, payload); err == nil || !strings.Contains(err.Error(), "interrupted 10 times while it prepared") {
		t.Errorf("it says %v", err)
	}
	if _, err := s.updater.TakeUp(context.Background(), "another task", payload); err == nil {
		t.Error("an order that was never prepared is carried out")
	}
}

func TestBeginsAnewWhereWhatWasLeftIsWrong(t *testing.T) {
	s := newSite(t)
	one := s.offer("1.5.0", archiveOf(t, "1.5.0", amd64))
	must(t, s.updater.folder().make())
	must(t, os.WriteFile(s.updater.folder().staged(one)+".part", []byte("wrong"), 0o600))
	if _, err := s.update(Order{Package: one}); err == nil {
		t.Fatal("a wrong beginning went unnoticed")
	}
	if _, err := s.update(Order{Package: one}); err != nil {
		t.Errorf("the second attempt says %v", err)
	}
}

// fullDisk takes so many bytes and no more.
type fullDisk struct {
	file
	left int
}

func (d *fullDisk) Write(data []byte) (int, error) {
	if len(data) > d.left {
		return 0, &os.PathError{Op: "write", Path: "/var/lib/kace-reference/update/x", Err: syscall.ENOSPC}
	}
	d.left -= len(data)
	return d.file.Write(data)
}

func TestSaysThatTheDiskIsFull(t *testing.T) {
	t.Run("before it begins", func(t *testing.T) {
		s := newSite(t)
		s.updater.free = func(string) (uint64, error) { return 1 << 20, nil }
		if _, err := s.update(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64))}); err == nil || !strings.Contains(err.Error(), "the disk is full: the update needs 16 MB free") {
			t.Errorf("it says %v", err)
		}
		if len(s.asked) != 0 {
			t.Error("it fetched all the same")
		}
	})
	t.Run("in the middle, and frees what it took", func(t *testing.T) {
		s := newSite(t)
		s.updater.open = func(path string) (file, error) {
			opened, err := openForAppending(path)
			return &fullDisk{opened, 120}, err
		}
		if _, err := s.update(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64))}); err == nil || !strings.Contains(err.Error(), "the disk is full: /var/lib") {
			t.Errorf("it says %v", err)
		}
		if left, err := filepath.Glob(s.updater.folder().path("*")); err != nil || len(left) != 0 {
			t.Errorf("left: %v, %v", left, err)
		}
		s.updater.open = openForAppending
		if _, err := s.update(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64))}); err != nil {
			t.Errorf("with space again it says %v", err)
		}
	})
}

func TestTheNextProcessKnowsTheOutcome(t *testing.T) {
	s := newSite(t)
	ctx, cancel := context.WithCancel(context.Background())
	var under State
	s.watchdog = func(state State) { under = state; cancel() }
	payload, err := json.Marshal(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64)), ConfirmSeconds: 60})
	must(t, err)
	if _, err := s.updater.Update(ctx, task, payload); !errors.Is(err, ErrEnded) {
		t.Fatalf("the process that ends says %v", err)
	}
	s.end(under, Outcome{TaskID: task, Result: Updated, From: "1.4.2", To: "1.5.0"})
	if note, err := s.updater.Resume(context.Background(), task); err != nil || note != "updated from 1.4.2 to 1.5.0" {
		t.Errorf("the next process says %q, %v", note, err)
	}
	if _, err := s.updater.Resume(context.Background(), "another task"); err == nil {
		t.Error("the outcome is given to another task")
	}
}

func TestStartsAWatchdogAgainThatWasKilled(t *testing.T) {
	s := newSite(t)
	s.watchdog = func(state State) {
		if s.started == 2 {
			s.end(state, Outcome{TaskID: task, Result: Updated, From: "1.4.2", To: "1.5.0"})
		}
	}
	if _, err := s.update(Order{Package: s.offer("1.5.0", archiveOf(t, "1.5.0", amd64))}); err != nil || s.started != 2 {
		t.Errorf("started %d times, %v", s.started, err)
	}
}

func TestHasNothingToDoForItsOwnVersion(t *testing.T) {
	s := newSite(t)
	if note, err := s.update(Order{Package: s.offer("1.4.2", archiveOf(t, "1.4.2", amd64))}); err != nil || note != "this is version 1.4.2 already" || s.started != 0 {
		t.Errorf("it says %q, %v", note, err)
	}
}

func TestOrdersThatCannotBeRightAreRefused(t *testing.T) {
	good := `{"version":"1.5.0","sha256":"` + strings.Repeat("a", 64) + `","sizeBytes":10,"format":"deb","fileName":"x.deb","confirmSeconds":60}`
	if _, err := ParseOrder([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"1.5.0"`, `"1.5.0; rm"`}, {strings.Repeat("a", 64), "../../etc/passwd"}, {`:10`, `:0`}, {`:10`, `:99999999999`}, {`"deb"`, `"msi"`}, {`:60`, `:1`}, {`{`, `[`},
	} {
		if _, err := ParseOrder([]byte(strings.Replace(good, change[0], change[1], 1))); err == nil {
			t.Errorf("%s in place of %s is taken", change[1], change[0])
		}
	}
}

func TestVersionsAreOrderedByTheirNumbers(t *testing.T) {
	for _, pair := range [][2]string{{"1.4.2", "1.5.0"}, {"1.9", "1.10"}, {"1.4", "1.4.1"}} {
		if compareVersions(pair[0], pair[1]) >= 0 || compareVersions(pair[1], pair[0]) <= 0 {
			t.Errorf("%v are not in order", pair)
		}
	}
	if compareVersions("1.4", "1.4.0") != 0 {
		t.Error("a missing number does not count as 0")
	}
}
