// Package protocol is version 1 of what agent and server say to each other: JSON in text frames of one WebSocket.
package protocol

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

const (
	// Version is the protocol's, not the agent's.
	Version = 1
	// Path is where the server takes agents.
	Path = "/agent/v1"
	// MaxMessageBytes is the largest message that either side may send.
	MaxMessageBytes = 256 << 10
)

// Types of messages.
const (
	TypeChallenge         = "challenge"
	TypeHello             = "hello"
	TypeWelcome           = "welcome"
	TypeRefused           = "refused"
	TypeState             = "state"
	TypeCheckIn           = "check-in"
	TypeSettings          = "settings"
	TypeInventory         = "inventory"
	TypeInventoryReceived = "inventory-received"
	TypeHeartbeat         = "heartbeat"
	TypeMessage           = "message"
	TypeMessageStatus     = "message-status"
	TypeAuthorities       = "authorities"
	TypeTrust             = "trust"
)

// Incoming is any message of the server; which fields are there depends on its type. Unknown types and fields are let
// be, so that an older agent understands a newer server.
type Incoming struct {
	Type               string  `json:"type"`
	Nonce              string  `json:"nonce"`
	ServerTime         string  `json:"serverTime"`
	State              string  `json:"state"`
	Reason             string  `json:"reason"`
	HeartbeatSeconds   float64 `json:"heartbeatSeconds"`
	RunIntervalSeconds float64 `json:"runIntervalSeconds"`
	// CanonicalHost is what the server calls itself, in its welcome; older servers do not say it.
	CanonicalHost string `json:"canonicalHost"`
	// Authorities are those that agents are to trust from now on, each as PEM; older servers announce none.
	Authorities []string `json:"authorities"`
	// Settings are the agent's to live by; older servers say none.
	Settings json.RawMessage `json:"settings"`
	// MessageID names the message of the server's queue that a check-in comes from, if it comes from one.
	MessageID   string `json:"messageId"`
	ID          string `json:"id"`
	MessageType string `json:"messageType"`
	// Payload is the text of a message, or what a task says beside its type.
	Payload json.RawMessage `json:"payload"`
	TaskOrder
	Code    string `json:"code"`
	Message string `json:"message"`
	PackageAnswer
}

// Parse reads one message of the server.
func Parse(text []byte) (Incoming, error) {
	var message Incoming
	if err := json.Unmarshal(text, &message); err != nil {
		return Incoming{}, fmt.Errorf("the server sent what is no message: %w", err)
	}
	if message.Type == "" {
		return Incoming{}, errors.New("the server sent a message without a type")
	}
	return message, nil
}

// OS is the machine's operating system.
type OS struct {
	Platform     string `json:"platform"`
	ID           string `json:"id"`
	Version      string `json:"version"`
	Name         string `json:"name"`
	Architecture string `json:"architecture"`
}

// Hello answers the server's challenge.
type Hello struct {
	Type         string   `json:"type"`
	Protocol     int      `json:"protocol"`
	KUID         string   `json:"kuid"`
	PublicKey    string   `json:"publicKey"`
	Signature    string   `json:"signature"`
	Token        string   `json:"token,omitempty"`
	Hostname     string   `json:"hostname"`
	AgentVersion string   `json:"agentVersion"`
	Flavour      string   `json:"flavour"`
	OS           OS       `json:"os"`
	MachineID    string   `json:"machineId"`
	Addresses    []string `json:"addresses"`
	MACs         []string `json:"macs"`
	// Can is what the agent understands beside what all do.
	Can []string `json:"can,omitempty"`
	// Trusts are the authorities that the agent trusts, by the SHA-256 of each certificate; none where it is the system's
	// roots that it trusts.
	Trusts []string `json:"trusts"`
}

// Trust says which authorities the agent trusts now that the server announced some; an older server lets it be.
type Trust struct {
	Type   string   `json:"type"`
	Trusts []string `json:"trusts"`
	// Note is why these are not the ones that were announced, if they are not.
	Note string `json:"note,omitempty"`
}

// Inventory is what an approved agent tells of its machine.
type Inventory struct {
	Type          string   `json:"type"`
	CollectedAt   string   `json:"collectedAt"`
	Hostname      string   `json:"hostname"`
	OS            OS       `json:"os"`
	AgentVersion  string   `json:"agentVersion"`
	Addresses     []string `json:"addresses"`
	MACs          []string `json:"macs"`
	MemoryBytes   uint64   `json:"memoryBytes"`
	CPUs          int      `json:"cpus"`
	UptimeSeconds uint64   `json:"uptimeSeconds"`
}

// CheckIn is a run of the agent; an older server lets it be.
type CheckIn struct {
	Type string `json:"type"`
	// SettingsRevision is that of the settings which the agent lives by.
	SettingsRevision int64 `json:"settingsRevision"`
}

// MessageStatus says what became of a message of the server's queue: "received", "completed" or "failed".
type MessageStatus struct {
	Type   string `json:"type"`
	ID     string `json:"id"`
	Status string `json:"status"`
	Note   string `json:"note,omitempty"`
}

// Heartbeat shows that the agent is alive.
type Heartbeat struct {
	Type string `json:"type"`
}

const nonceBytes = 32

// Sign answers a challenge for one server. The server's address is part of what is signed, so that a server cannot pass
// the answer on to another; a nonce of any other form is refused, so that it cannot stand for other parts of the text.
func Sign(key ed25519.PrivateKey, nonce, kuid, server string) (publicKey, signature string, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(raw) != nonceBytes {
		return "", "", fmt.Errorf("the server's nonce is not %d bytes of base64url", nonceBytes)
	}
	public, isEd25519 := key.Public().(ed25519.PublicKey)
	if !isEd25519 {
		return "", "", errors.New("the device's key is no Ed25519 key")
	}
	signed := ed25519.Sign(key, SignedText(nonce, kuid, server))
	return base64.RawURLEncoding.EncodeToString(public), base64.RawURLEncoding.EncodeToString(signed), nil
}

// SignedText is what the signature of a hello covers.
func SignedText(nonce, kuid, server string) []byte {
	return []byte("kace-agent-hello-v1\n" + nonce + "\n" + kuid + "\n" + server)
}
