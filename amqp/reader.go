package amqp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

const (
	minChunk  = 4 << 10   // what an idle connection holds
	maxChunk  = 128 << 10 // what a busy one reads at once
	smallRead = 512       // with less room than this a chunk is used up
	firstGrow = 64 << 10  // what a large frame gets before any of it has arrived
	lightRuns = 4         // as many light reads in a row shrink the chunk

	// maxPayload is the limit when no other was set: nobody announces more and
	// means it.
	maxPayload = 512 << 20
)

// A Reader reads frames in large strokes. It reads into chunks of memory and
// returns frames as slices of them, and takes a new chunk when one is used up
// rather than write to it again. A connection with nothing to say holds 4 KiB;
// chunks double up to 128 KiB as long as reads fill them.
//
// All its methods but BytesRead and Reads belong to one goroutine.
type Reader struct {
	r     io.Reader
	limit uint32 // frame-max, 0 if there is none
	err   error  // ends the stream: nothing after a framing error can be trusted

	chunk      []byte // unread octets are chunk[start:end]
	start, end int

	size  int // of the next chunk
	light int // reads in a row that brought little
	heavy int // the most one of those brought

	read, reads atomic.Uint64
}

// NewReader returns a Reader without a frame-max, which is for SetFrameMax.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: r, size: minChunk}
}

// SetFrameMax sets the longest frame to accept, in octets. A payload may be as
// long as that, as RabbitMQ too forgives clients which forget the 8 octets
// around it. 0 means no limit, which is a payload of 512 MiB.
func (r *Reader) SetFrameMax(n uint32) { r.limit = n }

// BytesRead returns how many octets were read so far. It may be called at any
// time by anyone; that it grew is as good as a heartbeat.
func (r *Reader) BytesRead() uint64 { return r.read.Load() }

// Reads returns in how many turns. It may be called at any time by anyone.
func (r *Reader) Reads() uint64 { return r.reads.Load() }

// ReadProtocolHeader reads the 8 octets with which a client begins. What they
// say is for the caller to judge.
func (r *Reader) ReadProtocolHeader() ([8]byte, error) {
	var header [8]byte
	for r.end-r.start < len(header) {
		if err := r.fill(len(header)); err != nil {
			return header, err
		}
	}
	r.start += copy(header[:], r.chunk[r.start:])
	return header, nil
}

// Buffered reports whether ReadFrame will return without reading, because a
// whole frame, or an error, is there already.
func (r *Reader) Buffered() bool {
	if r.err != nil {
		return true
	}
	if r.end-r.start < frameHeader {
		return false
	}
	size := r.announced()
	return size > r.payloadLimit() || uint64(r.end-r.start) >= uint64(size)+FrameOverhead
}

// ReadFrame reads the next frame. The payload may be kept: its memory is never
// written again. It keeps a chunk of up to 128 KiB alive.
//
// A frame nobody may send is an *Error: FRAME_ERROR, or UNEXPECTED_FRAME for a
// heartbeat on a channel. Errors of the underlying reader are returned as they
// are: io.EOF between frames, io.ErrUnexpectedEOF within one. After an error
// there are no more frames, except after a read deadline that has passed: then
// reading may go on.
func (r *Reader) ReadFrame() (Frame, error) {
	if r.err != nil {
		return Frame{}, r.err
	}
	f, err := r.readFrame()
	if err != nil {
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			r.err = err
		}
		return Frame{}, err
	}
	return f, nil
}

func (r *Reader) readFrame() (Frame, error) {
	for r.end-r.start < frameHeader {
		if err := r.fill(frameHeader); err != nil {
			return Frame{}, err
		}
	}
	header := r.chunk[r.start : r.start+frameHeader]
	f := Frame{Type: FrameType(header[0]), Channel: binary.BigEndian.Uint16(header[1:])}
	size := r.announced()
	if limit := r.payloadLimit(); size > limit {
		return Frame{}, Errorf(FrameError, "%s: {frame_too_large,%d,%d}", f, size, int64(limit)-FrameOverhead)
	}

	octets, err := r.next(int(size) + FrameOverhead)
	if err != nil {
		return Frame{}, err
	}
	end := frameHeader + int(size)
	f.Payload = octets[frameHeader:end:end]
	if octets[end] != FrameEnd {
		return Frame{}, Errorf(FrameError, "%s: {invalid_frame_end_marker,%d}", f, octets[end])
	}
	return f, f.check()
}

// check refuses frames that are wrong in any state of a connection.
func (f Frame) check() error {
	switch f.Type {
	case FrameMethod, FrameHeader, FrameBody:
		return nil
	case FrameHeartbeat:
		if len(f.Payload) > 0 {
			return unknownFrame(f)
		}
		if f.Channel != 0 {
			return &Error{Code: UnexpectedFrame, Text: f.String()}
		}
		return nil
	}
	return unknownFrame(f)
}

// announced returns the size in the frame header that is next.
func (r *Reader) announced() uint32 {
	return binary.BigEndian.Uint32(r.chunk[r.start+3:])
}

// payloadLimit is frame-max as it is, without taking off the overhead: see
// SetFrameMax.
func (r *Reader) payloadLimit() uint32 {
	if r.limit == 0 {
		return maxPayload
	}
	return min(r.limit, maxPayload)
}

// next returns the next n octets.
func (r *Reader) next(n int) ([]byte, error) {
	if n > r.size && n > r.end-r.start {
		return r.nextLarge(n)
	}
	for r.end-r.start < n {
		if err := r.fill(n); err != nil {
			return nil, err
		}
	}
	octets := r.chunk[r.start : r.start+n : r.start+n]
	r.start += n
	return octets, nil
}

// nextLarge returns the next n octets, which are more than a chunk, in memory of
// their own. That grows with what has arrived: announcing a large frame costs
// the sender as much as the broker.
func (r *Reader) nextLarge(n int) ([]byte, error) {
	have := r.chunk[r.start:r.end]
	octets := make([]byte, len(have), min(n, max(firstGrow, r.size, 2*len(have))))
	copy(octets, have)
	r.start = r.end

	for len(octets) < n {
		if len(octets) == cap(octets) {
			grown := make([]byte, len(octets), min(n, 2*cap(octets)))
			copy(grown, octets)
			octets = grown
		}
		m, err := r.readOnce(octets[len(octets):cap(octets)])
		octets = octets[:len(octets)+m]
		if err != nil {
			// A deadline may only mean that the reader is to look up.
			r.chunk, r.start, r.end = octets[:cap(octets)], 0, len(octets)
			return nil, unexpected(err)
		}
	}
	return octets, nil
}

// fill reads once into the chunk, after seeing to it that need octets from start
// on have room in one. need is at most the size of a new chunk.
func (r *Reader) fill(need int) error {
	r.shrink(need)
	free := len(r.chunk) - r.end
	if len(r.chunk)-r.start < need || free < smallRead {
		r.newChunk()
		free = len(r.chunk) - r.end
	}

	n, err := r.readOnce(r.chunk[r.end:])
	r.end += n
	r.weigh(n, free)
	if err != nil && r.end > r.start {
		err = unexpected(err)
	}
	return err
}

// newChunk takes a new chunk and moves the unread octets there.
func (r *Reader) newChunk() {
	chunk := make([]byte, r.size)
	r.end = copy(chunk, r.chunk[r.start:r.end])
	r.start = 0
	r.chunk = chunk
}

// weigh draws a conclusion from a read of n octets into room for free: one that
// filled its room doubles the next chunk; of those that brought little it keeps
// count.
func (r *Reader) weigh(n, free int) {
	if n == free {
		r.size = min(2*r.size, maxChunk)
	}
	if n > len(r.chunk)/16 {
		r.light, r.heavy = 0, 0
		return
	}
	r.light++
	r.heavy = max(r.heavy, n)
}

// shrink lets go of a chunk that has become too large for what is read, so that
// a connection which was busy once does not hold its chunk for the hours until a
// trickle uses it up.
func (r *Reader) shrink(need int) {
	if r.light < lightRuns || len(r.chunk) <= minChunk {
		return
	}
	size := minChunk
	for size < max(need, 4*r.heavy, r.end-r.start+smallRead) {
		size *= 2
	}
	r.light, r.heavy = 0, 0
	if size < len(r.chunk) {
		r.size = size
		r.newChunk()
	}
}

// readOnce reads what is there, at least one octet. Octets that come with an
// error are kept, and the error is told when they turn out not to be enough.
func (r *Reader) readOnce(b []byte) (int, error) {
	for range maxEmptyReads {
		n, err := r.r.Read(b)
		if n < 0 || n > len(b) {
			return 0, fmt.Errorf("amqp: reader returned %d octets for %d", n, len(b))
		}
		if n > 0 {
			r.read.Add(uint64(n))
			r.reads.Add(1)
			return n, nil
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, io.ErrNoProgress
}

// maxEmptyReads is how often a reader may return neither octets nor an error.
const maxEmptyReads = 100

// unexpected makes an end in the middle of something an error.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
