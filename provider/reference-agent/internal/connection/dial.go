package connection

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"pulumi-kace/reference-agent/internal/protocol"
)

const (
	connectTimeout  = 20 * time.Second
	responseTimeout = 20 * time.Second
	maxHeaderBytes  = 64 << 10
)

// dialled is an open WebSocket.
type dialled struct {
	socket *websocket.Conn
	// presented are the certificates that the server showed, its own first.
	presented []*x509.Certificate
	// release frees what the connection held besides itself.
	release func()
}

// dial opens the WebSocket to `server` (host:port).
func dial(ctx context.Context, server string, pinned []*x509.Certificate, now func() time.Time) (dialled, error) {
	host, _, err := net.SplitHostPort(server)
	if err != nil {
		return dialled{}, err
	}
	transport := &http.Transport{
		DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSClientConfig:        trust(host, pinned, now),
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  responseTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
	client := &http.Client{
		Transport: transport,
		// The hello is for this server and no other.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	socket, response, err := websocket.Dial(ctx, "wss://"+server+protocol.Path, &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		transport.CloseIdleConnections()
		if response != nil {
			return dialled{}, fmt.Errorf("connect to %s: it answered HTTP %d instead of opening a WebSocket", server, response.StatusCode)
		}
		return dialled{}, fmt.Errorf("connect to %s: %w", server, plain(err))
	}
	socket.SetReadLimit(protocol.MaxMessageBytes)
	one := dialled{socket: socket, release: transport.CloseIdleConnections}
	if response.TLS != nil {
		one.presented = response.TLS.PeerCertificates
	}
	return one, nil
}

// plain is the cause of a failed dial without the layers that repeat the address.
func plain(err error) error {
	var network *net.OpError
	if errors.As(err, &network) {
		return network
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}
