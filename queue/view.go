package queue

// View returns the queue's numbers and, as of the same moment, copies of the
// entries that are ready, in the order in which they would be delivered. Those
// whose messages only the store has at the moment are left out.
func (q *Classic) View() (Stats, []Entry) {
	q.mu.Lock()
	defer q.unlock()
	var ready []Entry
	for i := len(q.lanes) - 1; i >= 0; i-- {
		for e := range q.lanes[i].entries() {
			if e.Message != nil {
				ready = append(ready, e)
			}
		}
	}
	return q.stats(), ready
}
