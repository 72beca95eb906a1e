//go:build unix

package server

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// sockets returns both ends of a connection.
func sockets(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if theirs, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close() })
	if ours, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	return ours, theirs
}

func TestPromptCarriesAllOfIt(t *testing.T) {
	ours, theirs := sockets(t)
	p := newPrompt(ours)
	sent := make([]byte, 20<<20) // more than any socket holds
	for i := range sent {
		sent[i] = byte(i / 7)
	}
	written := make(chan error, 1)
	go func() {
		n, err := p.Write(sent)
		if err == nil && n != len(sent) {
			err = io.ErrShortWrite
		}
		written <- err
	}()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(theirs, got); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil || !bytes.Equal(got, sent) {
		t.Errorf("written: got %v, and the same octets %v; want all of them", err, bytes.Equal(got, sent))
	}

	go func() {
		theirs.Write(sent) // what fails shows in what arrives
		theirs.Close()
	}()
	if got, err := io.ReadAll(p); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("read: got %d octets, %v, and the same %v; want all %d, and the end", len(got), err, bytes.Equal(got, sent), len(sent))
	}
}

func TestPromptKeepsDeadlines(t *testing.T) {
	ours, theirs := sockets(t)
	p := newPrompt(ours)
	ours.SetReadDeadline(time.Unix(1, 0))
	if n, err := p.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read after its deadline: got %d, %v", n, err)
	}
	ours.SetReadDeadline(time.Time{})
	if _, err := theirs.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("read without a deadline again: got %d, %v, want one octet", n, err)
	}
	if n, err := p.Read(nil); n != 0 || err != nil {
		t.Errorf("read into nothing: got %d, %v, want nothing, at once", n, err)
	}
}

func TestPromptSaysHowItEnded(t *testing.T) {
	ours, theirs := sockets(t)
	theirs.(*net.TCPConn).SetLinger(0)
	theirs.Close()
	if _, err := newPrompt(ours).Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) || !isReset(err) {
		t.Errorf("read from a client that has dropped the connection: got %v, want %v", err, syscall.ECONNRESET)
	}

	ours, _ = sockets(t)
	p := newPrompt(ours)
	ended := make(chan error, 1)
	go func() {
		_, err := p.Read(make([]byte, 1))
		ended <- err
	}()
	ours.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("read from what is closed: got %v, want %v", err, net.ErrClosed)
	}
	if _, err := p.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write to what is closed: got %v, want %v", err, net.ErrClosed)
	}
}

func TestPromptWritesSomeAndNeverWaits(t *testing.T) {
	ours, _ := sockets(t)
	p := newPrompt(ours)
	b := make([]byte, 1<<20)
	for range 1000 { // nobody reads
		if p.writeSome(b) == 0 {
			return
		}
	}
	t.Error("a GiB was taken that nobody has read")
}
