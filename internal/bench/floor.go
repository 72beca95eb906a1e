package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Floor is what the machine takes for the least that any broker does: no broker
// that answers its clients one by one can be faster than a program that does nothing
// but answer, and none that syncs than a sync.
type Floor struct {
	RoundTrip   float64 `json:"round_trip"`  // milliseconds until a program that sends back what it gets has done so
	Connections float64 `json:"connections"` // a second: opened, seven round trips each, closed
	RelayP50    float64 `json:"relay_p50"`   // milliseconds through a program that copies from one connection to another, at 1,000/s
	RelayP95    float64 `json:"relay_p95"`
	RelayP99    float64 `json:"relay_p99"`
	SyncP50     float64 `json:"sync_p50"` // milliseconds to write a little to a file that is there, and sync it
}

const (
	floorOctets  = 100 // of what is sent
	floorRounds  = 3   // the median of which counts
	floorTrips   = 10_000
	floorOpened  = 1_000
	floorRelayed = 2_000
	floorSyncs   = 1_000

	// connectionTrips is how many round trips a client makes to open a connection
	// and a channel, and to close both.
	connectionTrips = 7
)

// EchoCommand is the argument with which the program that measures is the other end
// of a floor's connections, see Echo.
const EchoCommand = "echo"

// What a connection to Echo is for: its first octet.
const (
	forEcho  = 'e'
	forRelay = 'r' // what comes on it goes to the next forTaker
	forTaker = 't' // gets what comes on the last forRelay
)

// Echo is the other end: it prints its address and serves until its standard input
// ends.
func Echo(in io.Reader, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Fprintln(out, l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, in)
		l.Close()
	}()
	var from net.Conn
	for {
		c, err := l.Accept()
		if err != nil {
			return nil // the measuring is over
		}
		var what [1]byte
		if _, err := io.ReadFull(c, what[:]); err != nil {
			c.Close()
			continue
		}
		switch what[0] {
		case forEcho:
			go pump(c, c)
		case forRelay:
			from = c
		case forTaker:
			go pump(c, from)
		}
	}
}

// pump copies from one connection to another, octets as they come.
func pump(to, from net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// measureFloor measures the floor of this machine; dir is on the disk that counts,
// and self the program that has EchoCommand.
func measureFloor(ctx context.Context, dir, self string) (*Floor, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := exec.CommandContext(ctx, self, EchoCommand)
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	defer func() {
		in.Close()
		_ = c.Wait() // it has said all it had to say
	}()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("%s %s says nothing: %w", self, EchoCommand, err)
	}
	return floorOf(ctx, strings.TrimSpace(address), dir)
}

func floorOf(ctx context.Context, address, dir string) (*Floor, error) {
	var rounds []Floor
	for range floorRounds {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		var f Floor
		var err error
		if f.RoundTrip, err = roundTrip(address); err == nil {
			f.Connections, err = connections(address)
		}
		if err == nil {
			f.RelayP50, f.RelayP95, f.RelayP99, err = relayed(address)
		}
		if err == nil {
			f.SyncP50, err = synced(filepath.Join(dir, "synced"))
		}
		if err != nil {
			return nil, err
		}
		rounds = append(rounds, f)
	}
	middle := func(of func(Floor) float64) float64 {
		var values []float64
		for _, f := range rounds {
			values = append(values, of(f))
		}
		return rounded(median(values))
	}
	return &Floor{
		RoundTrip:   middle(func(f Floor) float64 { return f.RoundTrip }),
		Connections: middle(func(f Floor) float64 { return f.Connections }),
		RelayP50:    middle(func(f Floor) float64 { return f.RelayP50 }),
		RelayP95:    middle(func(f Floor) float64 { return f.RelayP95 }),
		RelayP99:    middle(func(f Floor) float64 { return f.RelayP99 }),
		SyncP50:     middle(func(f Floor) float64 { return f.SyncP50 }),
	}, nil
}

func dialFor(address string, what byte) (net.Conn, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	if _, err := c.Write([]byte{what}); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// trips sends something and waits until it is back, n times.
func trips(c net.Conn, n int) error {
	b := make([]byte, floorOctets)
	for range n {
		if _, err := c.Write(b); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, b); err != nil {
			return err
		}
	}
	return nil
}

func roundTrip(address string) (milliseconds float64, err error) {
	c, err := dialFor(address, forEcho)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	began := time.Now()
	err = trips(c, floorTrips)
	return inMilliseconds(time.Since(began)) / floorTrips, err
}

func connections(address string) (perSecond float64, err error) {
	began := time.Now()
	for range floorOpened {
		c, err := dialFor(address, forEcho)
		if err != nil {
			return 0, err
		}
		if err := trips(c, connectionTrips); err != nil {
			c.Close()
			return 0, err
		}
		c.Close()
	}
	return floorOpened / time.Since(began).Seconds(), nil
}

func relayed(address string) (p50, p95, p99 float64, err error) {
	from, err := dialFor(address, forRelay)
	if err != nil {
		return 0, 0, 0, err
	}
	defer from.Close()
	to, err := dialFor(address, forTaker)
	if err != nil {
		return 0, 0, 0, err
	}
	defer to.Close()

	base := time.Now()
	var took []float64
	taken := make(chan error, 1)
	go func() {
		b := make([]byte, floorOctets)
		for range floorRelayed {
			if _, err := io.ReadFull(to, b); err != nil {
				taken <- err
				return
			}
			sent := time.Duration(binary.BigEndian.Uint64(b))
			took = append(took, inMilliseconds(time.Since(base)-sent))
		}
		taken <- nil
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	b := make([]byte, floorOctets)
	for range floorRelayed {
		<-tick.C
		binary.BigEndian.PutUint64(b, uint64(time.Since(base)))
		if _, err := from.Write(b); err != nil {
			return 0, 0, 0, err
		}
	}
	if err := <-taken; err != nil {
		return 0, 0, 0, err
	}
	slices.Sort(took)
	at := func(percent int) float64 { return took[len(took)*percent/100] }
	return at(50), at(95), at(99), nil
}

func synced(path string) (p50 float64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	b := make([]byte, floorOctets)
	if _, err := f.Write(make([]byte, floorSyncs*floorOctets)); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	var took []float64
	for i := range floorSyncs {
		began := time.Now()
		if _, err := f.WriteAt(b, int64(i*floorOctets)); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took = append(took, inMilliseconds(time.Since(began)))
	}
	return median(took), nil
}

func inMilliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
