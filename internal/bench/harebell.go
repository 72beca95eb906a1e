package bench

import (
	"context"
	"os/exec"
)

func findHarebell(_ context.Context, b *Broker, o Options, _ string) {
	b.Title, b.Origin = "Harebell", "this repository"
	b.program = func(h *home) (*launch, error) {
		data, err := h.data()
		c := exec.Command(o.Harebell, "serve", "--config", "none", "--management-listen", "none", "--prometheus-listen", "none", "--listen", h.address(), "--data-dir", data, "--log-level", "warn")
		return &launch{Cmd: c}, err
	}
}
