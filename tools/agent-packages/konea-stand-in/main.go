// Command konea stands in for the vendor's agent of the same name, so that what is done to machines that have it can be
// tested without the vendor's package. It keeps one TLS connection to the appliance and understands the vendor's flags;
// it speaks nothing of the vendor's protocol.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

var version = "0.0.0"

const (
	dataFolder    = "/var/quest/kace"
	logFile       = "/var/log/quest/kace/konea.log"
	retryEvery    = 2 * time.Second
	connectWithin = 10 * time.Second
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "konea:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	command := ""
	if len(args) > 0 {
		command = strings.TrimPrefix(args[0], "-")
	}
	switch command {
	case "version":
		fmt.Println(version)
		return nil
	case "", "start":
		return serve()
	default:
		return fmt.Errorf("this stand-in knows -start and -version, not %q", args[0])
	}
}

// serve stays connected until it is told to stop.
func serve() error {
	if err := os.MkdirAll(filepath.Dir(logFile), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(logFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	log.SetOutput(file)
	if err := makeKUID(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	log.Printf("konea %s (stand-in) started", version)
	for ctx.Err() == nil {
		log.Printf("disconnected: %v", connect(ctx))
		select {
		case <-ctx.Done():
		case <-time.After(retryEvery):
		}
	}
	log.Print("stopped")
	return nil
}

// connect holds one connection until it ends. The first certificate that a host shows is trusted from then on.
func connect(ctx context.Context) error {
	settings, err := readSettings()
	if err != nil {
		return err
	}
	host, port := settings["host"], settings["port"]
	if host == "" {
		return errors.New("no host is configured")
	}
	if port == "" {
		port = "443"
	}
	limited, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{ServerName: host, InsecureSkipVerify: true, VerifyConnection: trustFirst}}
	socket, err := dialer.DialContext(limited, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return err
	}
	log.Printf("connected to %s", net.JoinHostPort(host, port))
	stopped := context.AfterFunc(ctx, func() { socket.Close() })
	defer stopped()
	_, err = io.Copy(io.Discard, socket)
	return errors.Join(err, socket.Close(), errors.New("the appliance closed the connection"))
}

func trustFirst(state tls.ConnectionState) error {
	path := filepath.Join(dataFolder, "cacert")
	sum := sha256.Sum256(state.PeerCertificates[0].Raw)
	shown := hex.EncodeToString(sum[:])
	known, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return os.WriteFile(path, []byte(shown+"\n"), 0o644)
	}
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(known)) != shown {
		return errors.New("the appliance shows another certificate than before; see AMPTools retrust")
	}
	return nil
}

func readSettings() (map[string]string, error) {
	file, err := os.Open(filepath.Join(dataFolder, "amp.conf"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	settings := map[string]string{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if key, value, found := strings.Cut(strings.TrimSpace(lines.Text()), "="); found {
			settings[strings.ToLower(key)] = value
		}
	}
	return settings, lines.Err()
}

func makeKUID() error {
	path := filepath.Join(dataFolder, "kuid.txt")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	random := make([]byte, 16)
	rand.Read(random)
	random[6], random[8] = random[6]&0x0f|0x40, random[8]&0x3f|0x80
	kuid := fmt.Sprintf("%X-%X-%X-%X-%X\n", random[:4], random[4:6], random[6:8], random[8:10], random[10:])
	return os.WriteFile(path, []byte(kuid), 0o644)
}
