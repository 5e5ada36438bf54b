// Command kace-agent keeps one machine enrolled with a KACE server. See docs/agent.md.
package main

import (
	"os"

	"pulumi-kace/reference-agent/internal/command"
)

// version is set when the binary is linked: -ldflags "-X main.version=1.4.2".
var version = "0.0.0"

func main() {
	os.Exit(command.Main(os.Args[1:], command.World{
		Version: version,
		Stdin:   os.Stdin,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
	}))
}
