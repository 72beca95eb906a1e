package bench

import (
	"context"
	"io"
	"strings"
	"testing"
)

func TestFloor(t *testing.T) {
	in, end := io.Pipe()
	said, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Echo(in, out) }()
	address := make([]byte, 64)
	n, err := said.Read(address)
	if err != nil {
		t.Fatal(err)
	}
	f, err := floorOf(context.Background(), strings.TrimSpace(string(address[:n])), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]float64{
		"round trip": f.RoundTrip, "connections": f.Connections, "sync": f.SyncP50,
		"relay": f.RelayP50, "relay's slowest": f.RelayP99 - f.RelayP95 + 1e-9,
	} {
		if v <= 0 {
			t.Errorf("%s: got %v, want more than nothing", name, v)
		}
	}
	end.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
