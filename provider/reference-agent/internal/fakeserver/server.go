// Package fakeserver is a server for the agent's tests: real TLS and a real WebSocket, with the test deciding what is
// said on it.
package fakeserver

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"pulumi-kace/reference-agent/internal/protocol"
)

// Patience is how long a test waits for something that must come. It is far above what that takes on a busy machine.
const Patience = 60 * time.Second

// Server takes the agent's connections and hands them to the test.
type Server struct {
	// Address is host:port.
	Address string
	peers   chan *Peer
	http    *httptest.Server
	shown   atomic.Pointer[tls.Certificate]
}

// Peer is the server's end of one connection.
type Peer struct {
	t      testing.TB
	socket *websocket.Conn
	// Host is the Host header of the upgrade request.
	Host  string
	nonce string
	done  chan struct{}
}

// Start serves at a loopback address until the test ends.
func Start(t testing.TB, certificate tls.Certificate) *Server {
	t.Helper()
	server := &Server{peers: make(chan *Peer, 64)}
	server.http = httptest.NewUnstartedServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		if request.URL.Path != protocol.Path {
			http.NotFound(answer, request)
			return
		}
		socket, err := websocket.Accept(answer, request, nil)
		if err != nil {
			return
		}
		peer := &Peer{t: t, socket: socket, Host: request.Host, done: make(chan struct{})}
		server.peers <- peer
		<-peer.done
	}))
	server.Show(certificate)
	server.http.TLS = &tls.Config{
		Certificates: []tls.Certificate{certificate},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{Certificates: []tls.Certificate{*server.shown.Load()}}, nil
		},
	}
	server.http.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.http.StartTLS()
	server.Address = server.http.Listener.Addr().String()
	t.Cleanup(func() {
		server.http.CloseClientConnections()
		for {
			select {
			case peer := <-server.peers:
				peer.Drop()
			default:
				server.http.Close()
				return
			}
		}
	})
	return server
}

// Show has whoever connects from now on see this certificate.
func (s *Server) Show(certificate tls.Certificate) { s.shown.Store(&certificate) }

// Accept waits for the agent's next connection.
func (s *Server) Accept(t testing.TB) *Peer {
	t.Helper()
	select {
	case peer := <-s.peers:
		t.Cleanup(peer.Drop)
		return peer
	case <-time.After(Patience):
		t.Fatal("the agent did not connect")
		return nil
	}
}

// Challenge sends a challenge, whose nonce the hello must sign.
func (p *Peer) Challenge() {
	p.t.Helper()
	p.nonce = base64.RawURLEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	p.Send(map[string]any{"type": "challenge", "nonce": p.nonce, "serverTime": "2026-01-02T03:04:05Z"})
}

// Hello reads the hello and checks its signature.
func (p *Peer) Hello() protocol.Hello {
	p.t.Helper()
	var hello protocol.Hello
	p.Next(protocol.TypeHello, &hello)
	key, err := base64.RawURLEncoding.DecodeString(hello.PublicKey)
	check(p.t, err)
	signature, err := base64.RawURLEncoding.DecodeString(hello.Signature)
	check(p.t, err)
	text := "kace-agent-hello-v1\n" + p.nonce + "\n" + hello.KUID + "\n" + p.Host
	if !ed25519.Verify(key, []byte(text), signature) {
		p.t.Fatalf("the signature does not cover %q", text)
	}
	return hello
}

// Greet challenges, reads the hello and welcomes with this state.
func (p *Peer) Greet(state, reason string) protocol.Hello {
	p.t.Helper()
	p.Challenge()
	hello := p.Hello()
	p.Welcome(state, reason, 20)
	return hello
}

// Welcome sends a welcome with this state and this many seconds between heartbeats.
func (p *Peer) Welcome(state, reason string, heartbeatSeconds float64) {
	p.t.Helper()
	p.Send(map[string]any{
		"type": "welcome", "state": state, "reason": reason, "organization": "default",
		"heartbeatSeconds": heartbeatSeconds, "runIntervalSeconds": 7200, "serverTime": "2026-01-02T03:04:05Z",
	})
}

// WelcomeWith sends a welcome with these settings, as JSON.
func (p *Peer) WelcomeWith(state, settings string) {
	p.t.Helper()
	p.Send(map[string]any{
		"type": "welcome", "state": state, "organization": "default", "heartbeatSeconds": 20, "runIntervalSeconds": 7200,
		"settings": json.RawMessage(settings), "serverTime": "2026-01-02T03:04:05Z",
	})
}

// WelcomeAnnouncing sends a welcome with authorities that are to be trusted.
func (p *Peer) WelcomeAnnouncing(state string, authorities ...*Authority) {
	p.t.Helper()
	p.Send(map[string]any{
		"type": "welcome", "state": state, "organization": "default", "heartbeatSeconds": 20, "runIntervalSeconds": 7200,
		"authorities": texts(authorities), "serverTime": "2026-01-02T03:04:05Z",
	})
}

// Announce has the agent trust these authorities from now on.
func (p *Peer) Announce(authorities ...*Authority) {
	p.t.Helper()
	p.Send(map[string]any{"type": "authorities", "authorities": texts(authorities)})
}

func texts(authorities []*Authority) []string {
	certificates := []string{}
	for _, authority := range authorities {
		certificates = append(certificates, string(authority.PEM))
	}
	return certificates
}

// Send sends one message as JSON.
func (p *Peer) Send(message any) {
	p.t.Helper()
	text, err := json.Marshal(message)
	check(p.t, err)
	p.SendRaw(websocket.MessageText, text)
}

// SendRaw sends a frame as it is.
func (p *Peer) SendRaw(kind websocket.MessageType, data []byte) {
	p.t.Helper()
	ctx, cancel := patience()
	defer cancel()
	check(p.t, p.socket.Write(ctx, kind, data))
}

// SendEndless sends one text message of up to this many bytes and says how many went out before the agent hung up.
func (p *Peer) SendEndless(bytes int) int {
	p.t.Helper()
	ctx, cancel := patience()
	defer cancel()
	writer, err := p.socket.Writer(ctx, websocket.MessageText)
	check(p.t, err)
	// So that the agent's goodbye is read, as a server does.
	p.socket.CloseRead(ctx)
	chunk := make([]byte, 64<<10)
	sent := 0
	for sent < bytes {
		written, err := writer.Write(chunk)
		sent += written
		if err != nil {
			return sent
		}
	}
	return sent
}

// Next reads messages until one of this type comes, and decodes it.
func (p *Peer) Next(kind string, into any) {
	p.t.Helper()
	for {
		text, err := p.read()
		if err != nil {
			p.t.Fatalf("no %s came: %v", kind, err)
		}
		var head struct {
			Type string `json:"type"`
		}
		check(p.t, json.Unmarshal(text, &head))
		if head.Type == kind {
			check(p.t, json.Unmarshal(text, into))
			return
		}
	}
}

// NextOf decodes the next message, whatever its type.
func (p *Peer) NextOf(into any) {
	p.t.Helper()
	text, err := p.read()
	check(p.t, err)
	check(p.t, json.Unmarshal(text, into))
}

// Types reads until the agent ends the connection, and gives the types of what it said and its closing code.
func (p *Peer) Types() ([]string, websocket.StatusCode) {
	p.t.Helper()
	types := []string{}
	for {
		text, err := p.read()
		if err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				p.t.Fatal("the agent did not end the connection")
			}
			return types, websocket.CloseStatus(err)
		}
		var head struct {
			Type string `json:"type"`
		}
		check(p.t, json.Unmarshal(text, &head))
		types = append(types, head.Type)
	}
}

// Close ends the connection with a code.
func (p *Peer) Close(code websocket.StatusCode, reason string) {
	p.t.Helper()
	// The agent may have hung up first.
	_ = p.socket.Close(code, reason)
	p.Drop()
}

// Drop ends the connection without a word, as a server does that is killed.
func (p *Peer) Drop() {
	select {
	case <-p.done:
	default:
		_ = p.socket.CloseNow()
		close(p.done)
	}
}

func (p *Peer) read() ([]byte, error) {
	ctx, cancel := patience()
	defer cancel()
	_, text, err := p.socket.Read(ctx)
	return text, err
}

func patience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), Patience)
}
