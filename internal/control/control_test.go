package control

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// place is where a test has a socket: t.TempDir's paths may be too long for one.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "control-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, Name)
}

func TestOnlyTheOwnerCanOpenIt(t *testing.T) {
	path := place(t)
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || runtime.GOOS != "windows" && info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("got %v, %v, want a socket of mode 0600", info.Mode(), err)
	}
	conn, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) > 0 {
		t.Errorf("%v are left, %v, want nothing", left, err)
	}
}

func TestWhatABrokerHasLeftIsReplaced(t *testing.T) {
	path := place(t)
	old, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); !errors.Is(err, ErrInUse) {
		t.Errorf("while it runs: got %v, want %v", err, ErrInUse)
	}
	old.SetUnlinkOnClose(false) // as if it had been killed
	old.Close()
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestOneThatIsAnothersIsLeftAlone(t *testing.T) {
	path := place(t)
	first, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	first.Close()
	conn, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatalf("the second one's socket is gone: %v", err)
	}
	conn.Close()
}

func TestPlacesForNoSocket(t *testing.T) {
	path := place(t)
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); err == nil || !strings.HasSuffix(err.Error(), "there is something else: want a socket, or nothing") {
		t.Errorf("a file: got %v", err)
	}
	long := "/" + strings.Repeat("d", Longest())
	if _, err := Listen(long); !errors.Is(err, ErrTooLong) {
		t.Errorf("a long path: got %v, want %v", err, ErrTooLong)
	}
	if _, err := Dial(t.Context(), long); !errors.Is(err, ErrTooLong) {
		t.Errorf("to a long path: got %v, want %v", err, ErrTooLong)
	}
	if _, err := Listen(filepath.Join(path, "below")); err == nil {
		t.Error("below a file: want an error")
	}
}
