package machinelock

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/layout"
)

// takesAndStays makes a run of this test's own program take the lock below a root and live until it is killed.
const takesAndStays = "MACHINE_LOCK_TEST_ROOT"

func TestMain(m *testing.M) {
	root := os.Getenv(takesAndStays)
	if root == "" {
		os.Exit(m.Run())
	}
	if _, err := Take(layout.Layout{Root: root}, "agent-update-other"); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("taken")
	time.Sleep(time.Hour)
}

// machine is a root folder with a place for the lock.
func machine(t *testing.T) (at layout.Layout, lock string) {
	t.Helper()
	at = layout.Layout{Root: t.TempDir()}
	must(t, os.Mkdir(at.Resolve("/run"), 0o755))
	return at, at.Resolve("/run/pulumi-kace.lock")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shell is a run of a configuration that does something with the lock: the script that runs bring along, and commands.
func shell(lock, commands string) *exec.Cmd {
	command := exec.Command("sh", "-c", `. "$SCRIPTS/lines.sh"; . "$SCRIPTS/lock.sh"; lock_place; LOCK=$PLACE; `+commands)
	scripts, err := filepath.Abs("../../../agent/scripts")
	if err != nil {
		panic(err)
	}
	command.Env = append(os.Environ(), "SCRIPTS="+scripts, "PLACE="+lock, "PK_RUN=run-1", "PK_OWNER=urn%3Aweb")
	return command
}

// stays starts a command and waits for its first line; it lives until the test kills it.
func stays(t *testing.T, command *exec.Cmd) (firstLine string) {
	t.Helper()
	said, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	t.Cleanup(func() { kill(t, command) })
	line := make([]byte, 200)
	read, err := said.Read(line)
	must(t, err)
	return strings.TrimSpace(string(line[:read]))
}

func kill(t *testing.T, command *exec.Cmd) {
	t.Helper()
	if command.ProcessState != nil {
		return
	}
	must(t, command.Process.Kill())
	var exit *exec.ExitError
	if err := command.Wait(); !errors.As(err, &exit) {
		t.Errorf("the killed process says %v", err)
	}
}

func saidBy(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return strings.TrimSpace(string(said))
}

const takeAndSay = `lock_take $$; echo "$? $LOCK_TEXT"`

func TestARunKeepsTheAgentOutUntilItDies(t *testing.T) {
	at, lock := machine(t)
	run := shell(lock, takeAndSay+`; exec sleep 3600`)
	if said := stays(t, run); said != "0" {
		t.Fatalf("the run says %q", said)
	}
	_, err := Take(at, "agent-update-1")
	var held *Held
	if !errors.As(err, &held) || held.Run != "run-1" || held.Error() != `a run of the configuration "urn:web" works on the machine` {
		t.Fatalf("it says %v", err)
	}
	kill(t, run)
	mine, err := Take(at, "agent-update-1")
	if err != nil {
		t.Fatalf("what a killed run left: %v", err)
	}
	must(t, mine.Release())
}

func TestTheAgentKeepsARunOutUntilItReleasesOrDies(t *testing.T) {
	at, lock := machine(t)
	mine, err := Take(at, "agent-update-1")
	must(t, err)
	said := saidBy(t, shell(lock, takeAndSay))
	if !strings.HasPrefix(said, fmt.Sprintf("1 agent-update-1:@agent-update:%d:", os.Getpid())) {
		t.Errorf("the run says %q", said)
	}
	if state := saidBy(t, shell(lock, `lock_read; echo "$LOCK_STATE $LOCK_RUN"`)); state != "held agent-update-1" {
		t.Errorf("a look says %q", state)
	}
	must(t, mine.Release())
	if said := saidBy(t, shell(lock, takeAndSay+`; lock_release`)); said != "0" {
		t.Errorf("after the release the run says %q", said)
	}

	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), takesAndStays+"="+at.Root)
	if said := stays(t, other); said != "taken" {
		t.Fatalf("the other agent says %q", said)
	}
	if said := saidBy(t, shell(lock, takeAndSay)); !strings.HasPrefix(said, "1 agent-update-other:") {
		t.Errorf("the run says %q", said)
	}
	kill(t, other)
	if said := saidBy(t, shell(lock, `lock_read; echo $LOCK_STATE; lock_take $$; echo $?`)); said != "stale\n0" {
		t.Errorf("after the death of its holder the run says %q", said)
	}
}

func TestTakesWhatNobodyHolds(t *testing.T) {
	own, lives := startOf(os.Getpid())
	if !lives {
		t.Fatal("this process does not live")
	}
	pid := fmt.Sprint(os.Getpid())
	for name, text := range map[string]string{
		"of an earlier start of the machine":      strings.Join([]string{"r", "o", pid, own, "another-boot"}, ":"),
		"of a process that ended":                 strings.Join([]string{"r", "o", "4194305", "1", bootID()}, ":"),
		"of a process whose number is used again": strings.Join([]string{"r", "o", pid, own + "0", bootID()}, ":"),
		"that names nobody":                       "nonsense",
	} {
		t.Run(name, func(t *testing.T) {
			at, lock := machine(t)
			must(t, os.Symlink(text, lock))
			if state := saidBy(t, shell(lock, `lock_read; echo $LOCK_STATE`)); state != "stale" {
				t.Errorf("a run takes it for %s", state)
			}
			mine, err := Take(at, "agent-update-1")
			must(t, err)
			must(t, mine.Release())
			if left, err := os.ReadDir(at.Resolve("/run")); err != nil || len(left) != 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}

func TestReleasesOnlyWhatIsItsOwn(t *testing.T) {
	at, lock := machine(t)
	mine, err := Take(at, "agent-update-1")
	must(t, err)
	must(t, os.Remove(lock))
	must(t, os.Symlink("another's", lock))
	must(t, mine.Release())
	if text, err := os.Readlink(lock); err != nil || text != "another's" {
		t.Errorf("the lock is %q, %v", text, err)
	}
	must(t, os.Remove(lock))
	must(t, mine.Release())
}

func TestReleasesWhileOthersGuardTheLock(t *testing.T) {
	at, lock := machine(t)
	mine, err := Take(at, "agent-update-1")
	must(t, err)
	must(t, os.Mkdir(lock+".guard", 0o700))
	must(t, mine.Release())
	if _, err := os.Lstat(lock); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the lock is there still: %v", err)
	}
}

func TestGoesOnAfterAGuardThatWasLeft(t *testing.T) {
	at, lock := machine(t)
	must(t, os.Symlink("nonsense", lock))
	must(t, os.Mkdir(lock+".guard", 0o700))
	old := time.Now().Add(-2 * guardAge)
	must(t, os.Chtimes(lock+".guard", old, old))
	mine, err := Take(at, "agent-update-1")
	must(t, err)
	must(t, mine.Release())
}

func TestSaysWhyNoLockCanBeMade(t *testing.T) {
	if _, err := Take(layout.Layout{Root: t.TempDir()}, "agent-update-1"); err == nil {
		t.Error("a machine without a place for it is locked")
	}
	at, lock := machine(t)
	must(t, os.WriteFile(lock, nil, 0o600))
	if _, err := Take(at, "agent-update-1"); err == nil || !strings.Contains(err.Error(), "no lock can be made") {
		t.Errorf("it says %v", err)
	}
}

// Agents and runs that all find a stale lock: one at a time has the machine.
func TestOneAtATimeHasTheMachine(t *testing.T) {
	at, lock := machine(t)
	must(t, os.Symlink("nonsense", lock))
	room := at.Resolve("/room")
	var all sync.WaitGroup
	for index := range 4 {
		all.Go(func() {
			for {
				mine, err := Take(at, fmt.Sprintf("agent-update-%d", index))
				var held *Held
				if errors.As(err, &held) {
					time.Sleep(10 * time.Millisecond)
					continue
				}
				if err := errors.Join(err, os.Mkdir(room, 0o700), os.Remove(room)); err != nil {
					t.Errorf("an agent says %v", err)
					return
				}
				if err := mine.Release(); err != nil {
					t.Error(err)
				}
				return
			}
		})
		all.Go(func() {
			said, err := shell(lock, fmt.Sprintf(`PK_RUN=run-%d; until lock_take $$; do sleep 0.05; done; mkdir %s && rmdir %s && lock_release`, index, room, room)).CombinedOutput()
			if err != nil {
				t.Errorf("a run says %v: %s", err, said)
			}
		})
	}
	all.Wait()
}
