package command

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pulumi-kace/reference-agent/internal/fakeserver"
	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/status"
)

const (
	maxBinaryBytes   = 10 << 20
	maxResidentBytes = 20 << 20
)

// binary is the agent, built as it is shipped.
var binary string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "kace-agent-test-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(folder, "kace-agent")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=1.4.2", "-o", binary, "../..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	code := 1
	if err := build.Run(); err == nil {
		code = m.Run()
	}
	if err := os.RemoveAll(folder); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// kace runs a command of the agent below a root to its end.
func kace(t *testing.T, root, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	command := exec.Command(binary, append(args, "--root", root)...)
	command.Stdin = strings.NewReader(stdin)
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil && command.ProcessState == nil {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), out.String(), problems.String()
}

// service is `kace-agent run` as a process of the test.
type service struct {
	*exec.Cmd
	ended chan error
}

func start(t *testing.T, root string) *service {
	t.Helper()
	running := &service{Cmd: exec.Command(binary, "run", "--root", root, "--log-file", filepath.Join(root, "agent.log")), ended: make(chan error, 1)}
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		running.ended <- running.Wait()
		close(running.ended)
	}()
	t.Cleanup(func() {
		if err := running.Process.Kill(); err != nil {
			t.Logf("at the end of the test: %v", err)
		}
		<-running.ended
	})
	return running
}

// until asks for the status until it is as wanted.
func until(t *testing.T, root string, holds func(status.Status) bool) status.Status {
	t.Helper()
	var shown status.Status
	for deadline := time.Now().Add(fakeserver.Patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		code, stdout, stderr := kace(t, root, "", "status", "--json")
		if code != exitOK {
			t.Fatalf("status: %d %s", code, stderr)
		}
		if err := json.Unmarshal([]byte(stdout), &shown); err != nil {
			t.Fatal(err)
		}
		if holds(shown) {
			return shown
		}
	}
	t.Fatalf("the status stays %+v", shown)
	return shown
}

type enrolled struct {
	*fakeserver.Server
	root, ca string
}

func prepared(t *testing.T) enrolled {
	t.Helper()
	authority := fakeserver.NewAuthority(t)
	certificate := authority.Issue(t, "127.0.0.1", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	return enrolled{Server: fakeserver.Start(t, certificate), root: t.TempDir(), ca: string(authority.PEM)}
}

func (e enrolled) configuration(t *testing.T, token string) string {
	t.Helper()
	change := map[string]string{"server": e.Address, "ca": e.ca}
	if token != "" {
		change["token"] = token
	}
	text, err := json.Marshal(change)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLivesAsAService(t *testing.T) {
	e := prepared(t)
	agent := start(t, e.root)
	// It runs before anyone configured it, and says so.
	until(t, e.root, func(s status.Status) bool { return strings.Contains(s.LastError, "not configured") })

	if code, stdout, stderr := kace(t, e.root, e.configuration(t, "first-token"), "configure"); code != exitOK || !strings.Contains(stdout, e.Address) {
		t.Fatalf("configure: %d %s", code, stderr)
	}
	peer := e.Accept(t)
	if hello := peer.Greet("quarantined", "token-unknown"); hello.Token != "first-token" || hello.OS.Platform != "linux" {
		t.Errorf("hello: %+v", hello)
	}
	if code, stdout, _ := kace(t, e.root, "", "wait", "--timeout", "60s"); code != exitQuarantined || !strings.Contains(stdout, "token-unknown") {
		t.Errorf("wait in quarantine: %d %s", code, stdout)
	}
	if code, _, _ := kace(t, e.root, "", "wait", "--timeout", "60s", "--state", "quarantined"); code != exitOK {
		t.Errorf("wait for quarantine: %d", code)
	}

	// The same server with another token: the running agent takes it up, and the old answer is not taken for the new one.
	if code, _, stderr := kace(t, e.root, e.configuration(t, "second-token"), "configure"); code != exitOK {
		t.Fatalf("configure: %d %s", code, stderr)
	}
	waiting := make(chan int, 1)
	go func() {
		code, _, _ := kace(t, e.root, "", "wait", "--timeout", "60s")
		waiting <- code
	}()
	peer.Types()
	peer = e.Accept(t)
	if hello := peer.Greet("approved", ""); hello.Token != "second-token" {
		t.Errorf("hello: %+v", hello)
	}
	var sent protocol.Inventory
	peer.Next(protocol.TypeInventory, &sent)
	if sent.MemoryBytes == 0 || sent.CPUs == 0 || sent.Hostname == "" || sent.OS.Architecture == "" {
		t.Errorf("inventory: %+v", sent)
	}
	if code := <-waiting; code != exitOK {
		t.Errorf("wait: %d", code)
	}

	if code, _, stderr := kace(t, e.root, "", "check-in"); code != exitOK {
		t.Errorf("check-in: %d %s", code, stderr)
	}
	peer.Next(protocol.TypeInventory, &sent)

	process := "/proc/" + strconv.Itoa(agent.Process.Pid)
	memory, err := os.ReadFile(process + "/status")
	if err != nil {
		t.Fatal(err)
	}
	resident := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(memory)
	if kilobytes, err := strconv.Atoi(string(resident[1])); err != nil || kilobytes<<10 > maxResidentBytes {
		t.Errorf("the agent used %s kB of memory", resident[1])
	} else {
		t.Logf("peak memory: %d kB", kilobytes)
	}

	code, _, _ := kace(t, e.root, "", "run")
	if code != exitFailed {
		t.Errorf("a second agent beside the first: %d", code)
	}

	if err := agent.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, closed := peer.Types(); closed != 1000 {
		t.Errorf("SIGTERM closed with %v", closed)
	}
	if err := <-agent.ended; err != nil {
		t.Errorf("SIGTERM ended with %v", err)
	}
	shown := until(t, e.root, func(s status.Status) bool { return !s.Connected })
	if shown.PID != 0 || shown.State != status.Approved {
		t.Errorf("after its end: %+v", shown)
	}
	if code, _, stderr := kace(t, e.root, "", "check-in"); code != exitFailed || !strings.Contains(stderr, "does not run") {
		t.Errorf("check-in without an agent: %d %s", code, stderr)
	}
	if code, _, _ := kace(t, e.root, "", "wait", "--timeout", "0s"); code != exitTimeout {
		t.Errorf("wait without an agent: %d", code)
	}
}

func TestIsTheSameDeviceAfterItWasKilled(t *testing.T) {
	e := prepared(t)
	kace(t, e.root, e.configuration(t, ""), "configure")
	agent := start(t, e.root)
	peer := e.Accept(t)
	first := peer.Greet("approved", "")
	until(t, e.root, func(s status.Status) bool { return s.Connected && s.PID == agent.Process.Pid })
	if err := agent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-agent.ended
	// The file still says "connected"; what is asked of it does not.
	if shown := until(t, e.root, func(s status.Status) bool { return s.PID == 0 }); shown.Connected {
		t.Errorf("a dead agent is called connected: %+v", shown)
	}
	start(t, e.root)
	if second := e.Accept(t).Greet("approved", ""); second.KUID != first.KUID || second.PublicKey != first.PublicKey {
		t.Errorf("another device: %+v", second)
	}
}

func TestWaitTellsARefusalFromATimeout(t *testing.T) {
	e := prepared(t)
	kace(t, e.root, e.configuration(t, ""), "configure")
	start(t, e.root)
	peer := e.Accept(t)
	peer.Challenge()
	peer.Hello()
	peer.Send(map[string]any{"type": "refused", "code": "key-mismatch", "message": "this device has another key"})
	code, stdout, _ := kace(t, e.root, "", "wait", "--timeout", "60s")
	if code != exitUnwanted || !strings.Contains(stdout, "key-mismatch") {
		t.Errorf("wait: %d %s", code, stdout)
	}
	peer.Types()
	e.Accept(t).Greet("blocked", "blocked")
	until(t, e.root, func(s status.Status) bool { return s.State == status.Blocked })
	if code, _, _ := kace(t, e.root, "", "wait", "--timeout", "60s"); code != exitUnwanted {
		t.Errorf("wait when blocked: %d", code)
	}
}

func TestIsSmall(t *testing.T) {
	file, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	if file.Size() > maxBinaryBytes {
		t.Errorf("the binary has %d bytes", file.Size())
	}
	t.Logf("the binary has %d bytes", file.Size())
}
