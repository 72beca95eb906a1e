// Package control is the socket by which commands on the same machine reach a broker:
// a unix socket that only the broker's user, and root, can open. Who can open it may do
// everything, as with RabbitMQ who can read its Erlang cookie.
//
//	l, err := control.Listen("/var/lib/harebell/control.sock")
//	conn, err := control.Dial(ctx, "/var/lib/harebell/control.sock")
package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

// Name is the file of the socket in a broker's data directory.
const Name = "control.sock"

// Errors of places for a socket.
var (
	// ErrInUse is for the socket of a broker that runs.
	ErrInUse = errors.New("a broker that runs has it")

	// ErrTooLong is for a path that the system has no room for.
	ErrTooLong = errors.New("the path is too long for a socket")
)

// Longest is how many octets the path of a socket may have.
//
// sun_path has 108 octets on Linux and Windows and 104 on macOS and the BSDs, of which
// the last is zero.
func Longest() int {
	if runtime.GOOS == "linux" || runtime.GOOS == "windows" {
		return 107
	}
	return 103
}

// Fits returns ErrTooLong, with what would be right, for a path that is too long.
func Fits(path string) error {
	if len(path) > Longest() {
		return fmt.Errorf("%s: %w: it has %d octets, want at most %d", path, ErrTooLong, len(path), Longest())
	}
	return nil
}

// Listen opens a socket that only its owner can open. One that a broker has left behind
// is replaced, one of a broker that runs is ErrInUse. The file is gone when the
// listener is closed.
func Listen(path string) (net.Listener, error) {
	if err := Fits(path); err != nil {
		return nil, err
	}
	switch conn, err := net.Dial("unix", path); {
	case err == nil:
		return nil, errors.Join(fmt.Errorf("%s: %w", path, ErrInUse), conn.Close())
	case errors.Is(err, syscall.EAGAIN): // somebody listens who is busy
		return nil, fmt.Errorf("%s: %w", path, ErrInUse)
	}
	if info, err := os.Lstat(path); err == nil && runtime.GOOS != "windows" && info.Mode().Type() != os.ModeSocket {
		return nil, fmt.Errorf("%s: there is something else: want a socket, or nothing", path)
	}
	l, err := listen(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	l.SetUnlinkOnClose(false)
	file, err := os.Lstat(path)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &listener{UnixListener: l, path: path, file: file}, nil
}

// listen opens the socket where nobody else can go, narrows it, and moves it to its
// place: there is no moment at which somebody else could open it. Moving replaces what
// was there. Windows cannot move sockets; there the directory says who may.
func listen(path string) (*net.UnixListener, error) {
	if runtime.GOOS == "windows" {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		return net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".c")
	if err != nil {
		return nil, err
	}
	defer os.Remove(dir)
	made := filepath.Join(dir, "s")
	if err := Fits(made); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(made, 0o600), os.Rename(made, path)); err != nil {
		return nil, errors.Join(err, l.Close(), os.Remove(made))
	}
	return l, nil
}

// A listener removes its file when it is closed, unless it is another one's by then.
type listener struct {
	*net.UnixListener
	path string
	file os.FileInfo
	once sync.Once
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() {
		if now, err := os.Lstat(l.path); err == nil && (runtime.GOOS == "windows" || os.SameFile(now, l.file)) {
			os.Remove(l.path) // if it stays, the next broker replaces it
		}
	})
	return l.UnixListener.Close()
}

// Dial goes to the broker whose socket it is.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	if err := Fits(path); err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}

// cause strips the path that a network error repeats.
func cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}
