// Package layout says where the agent keeps its files.
package layout

import "path/filepath"

// Layout is the agent's set of paths below one root folder: "/" on a machine, another folder for an image or a test.
type Layout struct{ Root string }

// Resolve gives the place of an absolute path below the root: "/etc/x" is "/image/etc/x" where the root is "/image".
func (l Layout) Resolve(path string) string { return filepath.Join(l.Root, path) }

// CAPath is the name that the configuration gives the server's certificate authority.
const CAPath = "/etc/kace-reference/ca.pem"

func (l Layout) ConfigurationFolder() string { return l.Resolve("/etc/kace-reference") }
func (l Layout) Configuration() string       { return l.Resolve("/etc/kace-reference/agent.json") }
func (l Layout) CA() string                  { return l.Resolve(CAPath) }
func (l Layout) Token() string               { return l.Resolve("/etc/kace-reference/token") }

func (l Layout) StateFolder() string { return l.Resolve("/var/lib/kace-reference") }
func (l Layout) Device() string      { return l.Resolve("/var/lib/kace-reference/device.json") }
func (l Layout) Status() string      { return l.Resolve("/var/lib/kace-reference/status.json") }

// Settings is what the server told the agent to live by.
func (l Layout) Settings() string { return l.Resolve("/var/lib/kace-reference/settings.json") }

// TasksFolder is where the task that runs and what became of others are kept.
func (l Layout) TasksFolder() string { return l.Resolve("/var/lib/kace-reference/tasks") }

// ScriptsFolder is where scripts wait that run at a time of their own.
func (l Layout) ScriptsFolder() string { return l.Resolve("/var/lib/kace-reference/scripts") }

// Crash is where the runtime writes why the agent crashed.
func (l Layout) Crash() string { return l.Resolve("/var/lib/kace-reference/crash.txt") }

// AgentLock is held by the running agent for as long as it runs.
func (l Layout) AgentLock() string { return l.Resolve("/var/lib/kace-reference/agent.lock") }

// ConfigurationLock is held for the moment in which the configuration, its certificate authority or its token change.
func (l Layout) ConfigurationLock() string {
	return l.Resolve("/var/lib/kace-reference/configuration.lock")
}

func (l Layout) LogFolder() string     { return l.Resolve("/var/log/kace-reference") }
func (l Layout) ProgramFolder() string { return l.Resolve("/opt/kace-reference") }

// ServiceScript registers the agent with the machine's service manager and takes it out again.
func (l Layout) ServiceScript() string { return l.Resolve("/opt/kace-reference/lib/service.sh") }
