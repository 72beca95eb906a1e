package amqp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// bodyFrame returns a body frame on channel 1 with n times the octet.
func bodyFrame(octet byte, n int) []byte {
	return appendFrame(nil, FrameBody, 1, bytes.Repeat([]byte{octet}, n))
}

func TestReadProtocolHeader(t *testing.T) {
	r := NewReader(iotest.OneByteReader(strings.NewReader("AMQP\x00\x00\x09\x01\x08\x00\x00\x00\x00\x00\x00\xce")))
	header, err := r.ReadProtocolHeader()
	if want := "AMQP\x00\x00\x09\x01"; string(header[:]) != want || err != nil {
		t.Fatalf("got %q, %v, want %q", header, err, want)
	}
	if f, err := r.ReadFrame(); f.Type != FrameHeartbeat || err != nil {
		t.Errorf("got %v, %v, want the heartbeat after it", f, err)
	}
}

func TestReadProtocolHeaderAtTheEnd(t *testing.T) {
	for octets, want := range map[string]error{"": io.EOF, "AMQP": io.ErrUnexpectedEOF} {
		if header, err := NewReader(strings.NewReader(octets)).ReadProtocolHeader(); err != want {
			t.Errorf("%q: got %q, %v, want %v", octets, header, err, want)
		}
	}
}

func TestReadFrameErrors(t *testing.T) {
	method := strings.Repeat("\x00", 20)
	tests := []struct {
		name     string
		octets   string
		frameMax uint32
		want     string
		code     Code
	}{
		{"an unknown type", "\x09\x00\x01\x00\x00\x00\x02\x00\x3c\xce", 0, "type 9, all octets = <<0,60>>: unknown_frame", FrameError},
		{"an unknown type with text", "\x00\x00\x01\x00\x00\x00\x03a\"b\xce", 0, `type 0, all octets = <<"a\"b">>: unknown_frame`, FrameError},
		{"a heartbeat with payload", "\x08\x00\x00\x00\x00\x00\x01\x00\xce", 0, "type 8, all octets = <<0>>: unknown_frame", FrameError},
		{"a heartbeat with payload on a channel", "\x08\x00\x01\x00\x00\x00\x01\x00\xce", 0, "type 8, all octets = <<0>>: unknown_frame", FrameError},
		{"a heartbeat on a channel", "\x08\x00\x01\x00\x00\x00\x00\xce", 0, "type 8, all octets = <<>>", UnexpectedFrame},
		{"a wrong end octet", "\x01\x00\x01\x00\x00\x00\x05\x00\x14\x00\x0a\x00\x01", 0, "type 1, all octets = <<0,20,0,10,0>>: {invalid_frame_end_marker,1}", FrameError},
		{"a wrong end octet of a long frame", "\x01\x00\x01\x00\x00\x00\x14" + method + "\xcf", 0, "type 1, first 16 octets = <<0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0>>: {invalid_frame_end_marker,207}", FrameError},
		{"a frame above frame-max", "\x03\x00\x01\x00\x00\x10\x01", 4096, "type 3, all octets = <<>>: {frame_too_large,4097,4088}", FrameError},
		{"a frame above the limit that is always there", "\x03\x00\x01\xff\xff\xff\xff", 0, "type 3, all octets = <<>>: {frame_too_large,4294967295,536870904}", FrameError},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := NewReader(strings.NewReader(test.octets))
			r.SetFrameMax(test.frameMax)
			for range 2 { // the second time, it says the same
				_, err := r.ReadFrame()
				e, ok := errors.AsType[*Error](err)
				if !ok || e.Text != test.want || e.Code != test.code || e.Method != 0 {
					t.Fatalf("got %v, want %v - %s", err, test.code, test.want)
				}
				if !r.Buffered() {
					t.Error("not Buffered after an error")
				}
			}
		})
	}
}

func TestReadFrameForgivesTheOverhead(t *testing.T) {
	r := NewReader(bytes.NewReader(bodyFrame('a', 4096)))
	r.SetFrameMax(4096)
	if f, err := r.ReadFrame(); err != nil || len(f.Payload) != 4096 {
		t.Errorf("got %d octets, %v, want a payload as long as frame-max", len(f.Payload), err)
	}
}

func TestReadFrameAtTheEnd(t *testing.T) {
	whole := bodyFrame('a', 3)
	broken := errors.New("broken")
	tests := []struct {
		name   string
		reader io.Reader
		want   error
	}{
		{"between frames", bytes.NewReader(nil), io.EOF},
		{"in a frame's header", bytes.NewReader(whole[:6]), io.ErrUnexpectedEOF},
		{"after a frame's header", bytes.NewReader(whole[:7]), io.ErrUnexpectedEOF},
		{"before a frame's end", bytes.NewReader(whole[:10]), io.ErrUnexpectedEOF},
		{"in a large frame", bytes.NewReader(bodyFrame('a', 200_000)[:150_000]), io.ErrUnexpectedEOF},
		{"by an error", iotest.ErrReader(broken), broken},
		{"by an error in a frame", io.MultiReader(bytes.NewReader(whole[:9]), iotest.ErrReader(broken)), broken},
		{"by a reader that returns nothing", idle{}, io.ErrNoProgress},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := NewReader(test.reader)
			for range 2 {
				if _, err := r.ReadFrame(); err != test.want {
					t.Errorf("got %v, want %v", err, test.want)
				}
			}
		})
	}
}

// idle is a reader that breaks its promise.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

// TestReadFrameSizes reads frames of all sizes from readers of all habits, and
// looks at them when all are there: no payload may have been written again.
func TestReadFrameSizes(t *testing.T) {
	sizes := []int{0, 1, 100, 503, 504, 505, 4000, 4088, 4089, 0, 10_000, 70_000, 3, 131_064, 131_072, 7, 400_000, 1}
	for range 6 {
		sizes = append(sizes, sizes[:18]...)
	}
	var stream []byte
	for i, size := range sizes {
		stream = append(stream, bodyFrame(byte(i), size)...)
	}

	readers := map[string]func(io.Reader) io.Reader{
		"all at once":         func(r io.Reader) io.Reader { return r },
		"octet by octet":      iotest.OneByteReader,
		"by halves":           iotest.HalfReader,
		"data with the error": iotest.DataErrReader,
		"network packets":     func(r io.Reader) io.Reader { return &packets{r: r, size: 1460} },
	}
	for name, reader := range readers {
		t.Run(name, func(t *testing.T) {
			r := NewReader(reader(bytes.NewReader(stream)))
			var payloads [][]byte
			for range sizes {
				f, err := r.ReadFrame()
				if err != nil {
					t.Fatalf("frame %d: %v", len(payloads), err)
				}
				payloads = append(payloads, f.Payload)
			}
			if f, err := r.ReadFrame(); err != io.EOF {
				t.Errorf("got %v, %v, want EOF", f, err)
			}
			if got := r.BytesRead(); got != uint64(len(stream)) {
				t.Errorf("BytesRead is %d, want %d", got, len(stream))
			}
			for i, payload := range payloads {
				if len(payload) != sizes[i] || bytes.Count(payload, []byte{byte(i)}) != sizes[i] {
					t.Errorf("frame %d: %d octets that were not all kept, want %d", i, len(payload), sizes[i])
				}
				if cap(payload) != len(payload) {
					t.Errorf("frame %d: appending to the payload would write into the chunk", i)
				}
			}
		})
	}
}

// packets returns at most size octets a time.
type packets struct {
	r    io.Reader
	size int
}

func (p *packets) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.size)]) }

// TestBytesReadWhileReading is for the race detector.
func TestBytesReadWhileReading(t *testing.T) {
	r := NewReader(iotest.OneByteReader(bytes.NewReader(bodyFrame('a', 1000))))
	done := make(chan error)
	go func() {
		_, err := r.ReadFrame()
		done <- err
	}()
	var last uint64
	for {
		n := r.BytesRead()
		if n < last {
			t.Fatalf("BytesRead went from %d to %d", last, n)
		}
		last = n
		select {
		case err := <-done:
			if n := r.BytesRead(); n != 1008 || err != nil {
				t.Errorf("got %d, %v, want 1008", n, err)
			}
			return
		default:
		}
	}
}

func TestBuffered(t *testing.T) {
	two := append(bodyFrame('a', 3), bodyFrame('b', 3)...)
	r := NewReader(io.MultiReader(bytes.NewReader(two[:15]), bytes.NewReader(two[15:])))
	if r.Buffered() {
		t.Error("Buffered before anything was read")
	}
	if _, err := r.ReadFrame(); err != nil {
		t.Fatal(err)
	}
	if r.Buffered() {
		t.Error("Buffered with half a frame header there")
	}
	if _, err := r.ReadFrame(); err != nil {
		t.Fatal(err)
	}

	r = NewReader(bytes.NewReader(two))
	if _, err := r.ReadFrame(); err != nil || !r.Buffered() {
		t.Errorf("got %v and not Buffered, want the second frame there", err)
	}
}

func TestBufferedTellsOfAFrameThatIsTooLarge(t *testing.T) {
	r := NewReader(strings.NewReader(string(bodyFrame('a', 1)) + "\x03\x00\x01\x00\x00\x20\x00"))
	r.SetFrameMax(4096)
	if _, err := r.ReadFrame(); err != nil || !r.Buffered() {
		t.Errorf("got %v, Buffered %v, want the error there", err, r.Buffered())
	}
}

// TestChunksFollowTheTraffic sends bursts and trickles to one reader.
func TestChunksFollowTheTraffic(t *testing.T) {
	source := new(bytes.Buffer)
	r := NewReader(source)
	send := func(frames, size, atOnce int) {
		t.Helper()
		for range frames / atOnce {
			for range atOnce {
				source.Write(bodyFrame('a', size))
			}
			for range atOnce {
				if _, err := r.ReadFrame(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}

	send(100, 10, 1)
	if got := len(r.chunk); got != minChunk {
		t.Errorf("after a trickle the chunk has %d octets, want %d", got, minChunk)
	}
	send(2000, 1000, 2000)
	if got := len(r.chunk); got != maxChunk {
		t.Errorf("after a burst the chunk has %d octets, want %d", got, maxChunk)
	}
	send(6, 10, 1)
	if got := len(r.chunk); got != minChunk {
		t.Errorf("after six small frames the chunk has %d octets, want %d", got, minChunk)
	}
}

// TestLargeFramesGrowWithWhatArrives announces a large frame and sends little of
// it.
func TestLargeFramesGrowWithWhatArrives(t *testing.T) {
	frame := bodyFrame('a', 100_000_000)
	for _, sent := range []int{7, 1000, 60_000, 300_000} {
		t.Run(fmt.Sprint(sent), func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := NewReader(bytes.NewReader(frame[:sent]))
			_, err := r.ReadFrame()
			runtime.ReadMemStats(&after)
			if err != io.ErrUnexpectedEOF {
				t.Fatalf("got %v, want %v", err, io.ErrUnexpectedEOF)
			}
			allocated := after.TotalAlloc - before.TotalAlloc
			if limit := uint64(2*firstGrow + 4*sent); allocated > limit {
				t.Errorf("allocated %d octets, want at most %d", allocated, limit)
			}
		})
	}
}

// A halting reader brings some octets at a time, and after each of them a
// deadline that has passed.
type halting struct {
	octets  []byte
	stroke  int
	halting bool
}

func (h *halting) Read(b []byte) (int, error) {
	if h.halting = !h.halting; h.halting {
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(b, h.octets[:min(h.stroke, len(h.octets))])
	h.octets = h.octets[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestReadFrameGoesOnAfterADeadline(t *testing.T) {
	sizes := []int{0, 10, minChunk, firstGrow, 3 * firstGrow, 10, maxChunk}
	for _, stroke := range []int{700, 50_000} {
		var octets []byte
		for i, size := range sizes {
			octets = append(octets, bodyFrame(byte('a'+i), size)...)
		}
		r := NewReader(&halting{octets: octets, stroke: stroke})
		for i, size := range sizes {
			f, err := r.ReadFrame()
			for errors.Is(err, os.ErrDeadlineExceeded) {
				f, err = r.ReadFrame()
			}
			if err != nil || !bytes.Equal(f.Payload, bytes.Repeat([]byte{byte('a' + i)}, size)) {
				t.Fatalf("%d at a time, frame %d: got %d octets, %v, want %d", stroke, i, len(f.Payload), err, size)
			}
		}
	}
}
