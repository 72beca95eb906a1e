package testapi

import (
	"net"
	"net/http"
	"net/url"
)

// A VHost is a virtual host, and the URL by which clients open it.
type VHost struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// In names the virtual host that something is to be done in; the default one if it
// names none.
type In struct {
	VHost string `json:"vhost"`
}

// vhostURL returns the URL of a virtual host for whoever asks.
func (h *Handler) vhostURL(r *http.Request, name string) string {
	u := h.url
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "" || ip != nil && ip.IsUnspecified() {
		asked := url.URL{Host: r.Host}
		u.Host = net.JoinHostPort(asked.Hostname(), u.Port())
	}
	// Clients disagree on what an empty path means, so / is spelled out.
	u.Path, u.RawPath = "/"+name, "/"+url.PathEscape(name)
	return u.String()
}

func (h *Handler) vhosts(r *http.Request) (any, error) {
	vhosts, err := h.broker.VHosts()
	if err != nil {
		return nil, err
	}
	all := make([]VHost, len(vhosts))
	for i, v := range vhosts {
		all[i] = VHost{v.Name(), h.vhostURL(r, v.Name())}
	}
	return all, nil
}

func (h *Handler) createVHost(r *http.Request) (any, error) {
	if err := readNothing(r); err != nil {
		return nil, err
	}
	v, err := h.broker.NewVHost()
	if err != nil {
		return nil, err
	}
	return created{VHost{v.Name(), h.vhostURL(r, v.Name())}}, nil
}

func (h *Handler) deleteVHost(r *http.Request) (any, error) {
	v, err := h.vhost(r.PathValue("vhost"))
	if err != nil {
		return nil, err
	}
	h.faults.removeIn(v.Name())
	return nil, v.Delete()
}

func (h *Handler) reset(r *http.Request) (any, error) {
	var in In
	if err := read(r, &in); err != nil {
		return nil, err
	}
	v, err := h.vhost(in.VHost)
	if err != nil {
		return nil, err
	}
	return nil, v.Reset()
}
