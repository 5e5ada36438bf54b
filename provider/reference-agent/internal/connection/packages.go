package connection

import (
	"context"
	"fmt"
	"time"

	"pulumi-kace/reference-agent/internal/protocol"
	"pulumi-kace/reference-agent/internal/status"
)

// Packages brings parts of packages over whatever connection there is. One part is asked for at a time.
type Packages struct {
	asked chan *wish
	// open is the wish that waits for its answer. Only the goroutine of the session touches it.
	open *wish
	// pause is how long passes before the server is asked again for what it could not give now.
	pause time.Duration
}

// wish is one part that somebody waits for.
type wish struct {
	ctx     context.Context
	request protocol.PackageRequest
	answer  chan protocol.Incoming
}

// NewPackages gives one to an Agent and to who needs packages.
func NewPackages() *Packages {
	return &Packages{asked: make(chan *wish), pause: 5 * time.Second}
}

// Part asks the server for what follows at an offset of a package that a task names, and waits for the answer for as long
// as the context lasts, over lost connections too. A refusal is final.
func (p *Packages) Part(ctx context.Context, taskID, sha256 string, offset int64) ([]byte, int64, error) {
	for {
		request := protocol.PackageRequest{Type: protocol.TypePackageRequest, TaskID: taskID, SHA256: sha256, Offset: offset}
		one := &wish{ctx: ctx, request: request, answer: make(chan protocol.Incoming, 1)}
		select {
		case p.asked <- one:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
		select {
		case answer := <-one.answer:
			if answer.Type == protocol.TypePackagePart {
				return answer.Data, answer.SizeBytes, nil
			}
			if !protocol.IsTransient(answer.Code) {
				return nil, 0, fmt.Errorf("the server does not hand out the package: %s", short(answer.Message))
			}
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
		select {
		case <-time.After(p.pause):
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
}

// wishes is where new wishes come from; none come where the agent takes no packages.
func (p *Packages) wishes() <-chan *wish {
	if p == nil {
		return nil
	}
	return p.asked
}

// want takes up a new wish.
func (s *session) want(ctx context.Context, one *wish) error {
	s.agent.Packages.open = one
	return s.askForPart(ctx)
}

// askForPart says the open wish, on a new connection again. Only an approved device gets packages.
func (s *session) askForPart(ctx context.Context) error {
	packages := s.agent.Packages
	if packages == nil || packages.open == nil || s.state != status.Approved {
		return nil
	}
	if packages.open.ctx.Err() != nil {
		packages.open = nil
		return nil
	}
	return s.send(ctx, packages.open.request)
}

// takePart hands an answer to who waits for it. One that nobody asked for is let be: after a lost connection a part may
// have been asked for twice.
func (s *session) takePart(message protocol.Incoming) {
	packages := s.agent.Packages
	if packages == nil || packages.open == nil {
		return
	}
	wanted := packages.open.request
	if message.TaskID != wanted.TaskID || message.SHA256 != wanted.SHA256 {
		return
	}
	if message.Type == protocol.TypePackagePart && message.Offset != wanted.Offset {
		return
	}
	packages.open.answer <- message
	packages.open = nil
}
