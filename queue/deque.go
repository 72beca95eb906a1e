package queue

// blockSize is how many entries lie next to each other in a deque, and so the
// most that one delivery can hand over. A block takes about 1.3 KB; a drained
// deque keeps two at most.
const blockSize = 32

// A deque holds entries in order. It grows and shrinks by blocks, so a long
// queue is never copied.
type deque struct {
	blocks []*[blockSize]Entry
	first  int // of the first entry in blocks[0]
	count  int
	spare  *[blockSize]Entry // the block emptied last
}

func (d *deque) len() int { return d.count }

func (d *deque) push(e Entry) {
	end := d.first + d.count
	if end == len(d.blocks)*blockSize {
		b := d.spare
		if d.spare = nil; b == nil {
			b = new([blockSize]Entry)
		}
		d.blocks = append(d.blocks, b)
	}
	d.blocks[end/blockSize][end%blockSize] = e
	d.count++
}

// front returns the first entries that lie next to each other, at most n.
func (d *deque) front(n int) []Entry {
	if d.count == 0 {
		return nil
	}
	return d.blocks[0][d.first:min(d.first+n, d.first+d.count, blockSize)]
}

// at returns the i-th entry, from 0.
func (d *deque) at(i int) *Entry {
	i += d.first
	return &d.blocks[i/blockSize][i%blockSize]
}

// drop removes the first n entries, of those that front returned.
func (d *deque) drop(n int) {
	clear(d.blocks[0][d.first : d.first+n])
	d.first += n
	d.count -= n
	switch {
	case d.count == 0:
		d.first = 0
	case d.first == blockSize:
		d.first = 0
		d.spare, d.blocks[0] = d.blocks[0], nil
		d.blocks = d.blocks[1:]
	}
}

// cut moves all entries behind the first n to a deque of their own.
func (d *deque) cut(n int) (rest deque) {
	for i := n; i < d.count; i++ {
		e := d.at(i)
		rest.push(*e)
		*e = Entry{}
	}
	d.count = min(d.count, n)
	d.blocks = d.blocks[:(d.first+d.count+blockSize-1)/blockSize]
	return rest
}

// append puts all entries of t behind those of d.
func (d *deque) append(t *deque) {
	if d.count == 0 {
		*d = *t
		return
	}
	for i := range t.count {
		d.push(*t.at(i))
	}
}
