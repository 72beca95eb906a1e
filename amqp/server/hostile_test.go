package server

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// bugs fails the test when the broker logs that it panicked.
type bugs struct{ t *testing.T }

func (b bugs) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("bug in the broker")) {
		b.t.Errorf("%s", line)
	}
	return len(line), nil
}

// suffer has a server listen to octets and hang up; the bubble sees to it that
// nothing stays behind.
func suffer(t *testing.T, octets []byte) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		s.Log = zerolog.New(bugs{t})
		ours, theirs := net.Pipe()
		go s.ServeConn(theirs)
		go io.Copy(io.Discard, ours)
		ours.Write(octets) // the server may hang up in between
		synctest.Wait()
		ours.Close()
	})
}

// monologues returns what clients say in testdata, as octets.
func monologues(tb testing.TB) [][]byte {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("conversations: got %v, %v, want some", paths, err)
	}
	var all [][]byte
	for _, path := range paths {
		script, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		c := &client{t: tb}
		var said []byte
		for line := range strings.Lines(string(script)) {
			switch line, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "C "); {
			case !ok || line == "hangs up":
			case line == "login":
				for _, line := range handshake {
					said = append(said, c.octets(line)...)
				}
			default:
				said = append(said, c.octets(line)...)
			}
		}
		all = append(all, said)
	}
	return all
}

// mutate returns octets with a few of them wrong.
func mutate(random *rand.Rand, octets []byte) []byte {
	b := bytes.Clone(octets)
	for range 1 + random.IntN(4) {
		i := random.IntN(len(b))
		switch random.IntN(5) {
		case 0:
			b[i] = byte(random.Uint32())
		case 1:
			b[i] ^= 1 << random.IntN(8)
		case 2:
			b = b[:i+1]
		case 3: // said twice
			j := i + random.IntN(len(b)-i)
			b = append(b[:j:j], b[i:]...)
		case 4: // a large number
			copy(b[i:], "\xff\xff\xff\xff")
		}
	}
	return b
}

// TestHostileOctets says what clients say, but wrong, and looks at what it costs.
func TestHostileOctets(t *testing.T) {
	const rounds = 40
	seeds := monologues(t)
	random := rand.New(rand.NewPCG(1, 2))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		for _, seed := range seeds {
			suffer(t, mutate(random, seed))
			noise := make([]byte, random.IntN(200))
			for i := range noise {
				noise[i] = byte(random.Uint32())
			}
			suffer(t, append(bytes.Clone(seeds[0][:min(len(seeds[0]), 8*random.IntN(30))]), noise...))
		}
	}
	runtime.ReadMemStats(&after)
	// A server, a connection and what it says to a few hundred octets.
	const most = 256 << 10
	if each := (after.TotalAlloc - before.TotalAlloc) / uint64(2*rounds*len(seeds)); each > most {
		t.Errorf("allocated for each client: got %d octets, want %d at most", each, most)
	}
}

func FuzzConnection(f *testing.F) {
	for _, said := range monologues(f) {
		f.Add(said)
	}
	f.Fuzz(suffer)
}

// TestHalfOpenConnections has many come and say nothing.
func TestHalfOpenConnections(t *testing.T) {
	const clients = 10_000
	const most = 32 << 10 // octets for each: two stacks, a reader's first chunk, a pipe
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t)
		memory := func() uint64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc + m.StackInuse
		}
		before := memory()
		conns := make([]net.Conn, clients)
		for i := range conns {
			var theirs net.Conn
			conns[i], theirs = net.Pipe()
			go s.ServeConn(theirs)
		}
		synctest.Wait()
		each := (memory() - before) / clients
		t.Logf("%d octets for each", each)
		if each > most {
			t.Errorf("memory for each: got %d octets, want %d at most", each, most)
		}
		time.Sleep(DefaultHandshakeTimeout)
		synctest.Wait()
		for _, conn := range conns {
			if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
				t.Fatalf("after the handshake timeout: got %v, want EOF", err)
			}
		}
	})
}
