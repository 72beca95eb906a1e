package queue

// A tail is the newest messages of a stream, which all consumers share. Their
// numbers count up by one.
type tail struct {
	entries []Entry
	bytes   int64 // footprints
}

func (t *tail) push(e Entry) {
	t.entries = append(t.entries, e)
	t.bytes += footprint(e.Message)
}

// begin returns the number of the first message, or of the next if there is none.
func (t *tail) begin(next uint64) uint64 { return next - uint64(len(t.entries)) }

// written returns up to which number all messages are written, given up to which
// they were.
func (t *tail) written(upTo uint64) uint64 {
	if len(t.entries) == 0 {
		return upTo
	}
	for i := upTo + 1 - t.entries[0].seq; i < uint64(len(t.entries)) && t.entries[i].ref.Written(); i++ {
		t.entries[i].onDisk, t.entries[i].ref = true, nil
		upTo++
	}
	return upTo
}

// from returns the messages of the tail from a number on and up to another.
func (t *tail) from(seq, upTo uint64) []Entry {
	if len(t.entries) == 0 || seq > upTo {
		return nil
	}
	first := t.entries[0].seq
	return t.entries[seq-first : upTo-first+1]
}

// trim takes messages out that are written, until there are no more than so many
// octets, and returns how many these had.
func (t *tail) trim(keep int64, written uint64) (trimmed int64) {
	n := 0
	for ; n < len(t.entries) && t.bytes > keep && t.entries[n].seq <= written; n++ {
		size := footprint(t.entries[n].Message)
		t.bytes -= size
		trimmed += size
	}
	t.drop(n)
	return trimmed
}

// cut takes all messages out up to a number, and returns how many octets these had.
func (t *tail) cut(upTo uint64) (cut int64) {
	n := 0
	for ; n < len(t.entries) && t.entries[n].seq <= upTo; n++ {
		cut += footprint(t.entries[n].Message)
	}
	t.bytes -= cut
	t.drop(n)
	return cut
}

// drop takes the first n entries out. What append makes of the rest in time is a
// slice without them.
func (t *tail) drop(n int) {
	clear(t.entries[:n])
	t.entries = t.entries[n:]
	if len(t.entries) == 0 {
		t.entries = nil
	}
}
