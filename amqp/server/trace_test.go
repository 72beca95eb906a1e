package server

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/rs/zerolog"
)

// A shared buffer is written by both loops of a connection.
type shared struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// traced returns what is logged at a level while a client logs in, publishes and
// gets its message.
func traced(t *testing.T, level zerolog.Level) (log string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var out shared
		s := testServer(t)
		s.Log = zerolog.New(&out).Level(level)
		c := dial(t, s)
		c.login()
		c.do(`1 channel.open`)
		c.do(`1 queue.declare queue="q"`)
		c.send(publishing("q", []byte("confidential")))
		c.do(`1 basic.get queue="q" no-ack`)
		synctest.Wait()
		log = out.String()
	})
	return log
}

func TestLevelTraceLogsFramesButNoSecrets(t *testing.T) {
	log := traced(t, zerolog.TraceLevel)
	for _, want := range []string{
		`"frame":"0 connection.start `,
		`"frame":"0 connection.start-ok, its fields not shown"`,
		`"frame":"1 basic.publish exchange=\"\" routing-key=\"q\""`,
		`"frame":"1 body size=12","message":"received"`,
		`"frame":"1 basic.get-ok `,
		`"frame":"1 body size=12","message":"sent"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("no %s in\n%s", want, log)
		}
	}
	for _, secret := range []string{"confidential", `guest\u0000`, `guest\\x00`} {
		if strings.Contains(log, secret) {
			t.Errorf("the log shows %q", secret)
		}
	}
}

func TestLevelDebugLogsNoFrames(t *testing.T) {
	if log := traced(t, zerolog.DebugLevel); strings.Contains(log, `"frame"`) {
		t.Errorf("frames in\n%s", log)
	}
}
