package metrics

import (
	"bufio"
	"io"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// An exposition is what is written to Prometheus, family by family. After an error
// nothing more is.
type exposition struct {
	w       *bufio.Writer
	encoder expfmt.Encoder
	err     error
}

func newExposition(w io.Writer, f expfmt.Format) *exposition {
	e := &exposition{w: bufio.NewWriterSize(w, 32<<10)}
	e.encoder = expfmt.NewEncoder(e.w, f)
	return e
}

// write writes a family, if it has anything in it.
func (e *exposition) write(f *dto.MetricFamily) {
	if e.err == nil && len(f.Metric) > 0 {
		e.err = e.encoder.Encode(f)
	}
}

// end writes what is left.
func (e *exposition) end() error {
	if closer, ok := e.encoder.(expfmt.Closer); ok && e.err == nil {
		e.err = closer.Close()
	}
	if e.err == nil {
		e.err = e.w.Flush()
	}
	return e.err
}
