package badger

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/internal/clock"
	queues "github.com/harebellmq/harebell/queue"
	"github.com/harebellmq/harebell/store"
	"github.com/harebellmq/harebell/vhost"
)

// rawBrokerVariable makes this test binary a broker that listens at the address it
// names, with its messages in a rawStore in the working directory.
const rawBrokerVariable = "HAREBELL_RAW_BROKER"

func init() { roles[rawBrokerVariable] = runRawBroker }

// A rawStore is the reference inside a broker: definitions are in memory, and
// messages are appended to a file and synced, never to be read again. It is for
// loads that nobody consumes.
type rawStore struct {
	*store.Memory
	committer *rawCommitter[store.Batch]
}

func newRawStore(f *rawFile) *rawStore {
	return &rawStore{store.NewMemory(), startRaw(f, writeBatches)}
}

// Append implements store.Store.
func (s *rawStore) Append(b store.Batch) {
	if len(b.Docs)+len(b.Dropped) > 0 {
		s.Memory.Append(b)
		return
	}
	b.Records = slices.Clone(b.Records)
	s.committer.append(b)
}

func writeBatches(f *rawFile, group []store.Batch) {
	var written []*store.Record
	for _, b := range group {
		for _, r := range b.Records {
			if r.Claim() {
				f.add(r.Message)
				written = append(written, r)
			}
		}
	}
	var err error
	if len(written) > 0 {
		err = f.sync()
	}
	store.Answer(written, err)
	for _, b := range group {
		if b.Done != nil {
			b.Done(err)
		}
	}
}

// runRawBroker serves until it is killed.
func runRawBroker(address string) {
	if err := serveRaw(address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serveRaw(address string) error {
	f, err := os.Create("raw")
	if err != nil {
		return err
	}
	st := newRawStore(&rawFile{file: f})
	vhosts, err := vhost.Open(vhost.Broker{Store: st, Clock: clock.System, Memory: queues.NewMemory(32 << 20), Log: zerolog.Nop()}, vhost.Default)
	if err != nil {
		return err
	}
	users, err := auth.Open(st, zerolog.Nop())
	if err != nil {
		return err
	}
	if err := users.First(auth.User{Name: "guest"}.WithPassword("guest"), auth.Everything("guest", vhost.Default)); err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return (&server.Server{VHosts: vhosts, Users: users, Store: st}).Serve(l)
}

// TestRawStore makes sure that the reference does what a store has to do for it.
func TestRawStore(t *testing.T) {
	f := newRawFile(t, t.TempDir())
	s := newRawStore(f)
	defer s.committer.stop()
	answer := make(confirmed, 1)
	m := text("hello")
	r := new(store.Record)
	r.Init(m, answer, 1)
	r.Add(store.Ref{Queue: s.NextQueueID(), Seq: 1})
	r.Release()
	s.Append(store.Batch{Records: []*store.Record{r}})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case ok := <-answer:
		if info, err := f.file.Stat(); !ok || err != nil || info.Size() < int64(len(m.Body)) {
			t.Errorf("confirmed %v, file of %d octets, %v", ok, info.Size(), err)
		}
	case <-ctx.Done():
		t.Error("the message was not confirmed")
	}
	write(t, s, store.Batch{Docs: []store.Doc{{Kind: store.Queues, Key: "q", Value: []byte("{}")}}})
	n := 0
	for range s.Docs(store.Queues) {
		n++
	}
	if n != 1 {
		t.Errorf("got %d definitions, want 1", n)
	}
}
