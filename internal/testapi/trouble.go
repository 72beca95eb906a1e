package testapi

import (
	"cmp"
	"errors"
	"net/http"
)

func (h *Handler) setAlarm(r *http.Request) (any, error) {
	return nil, h.broker.SetAlarm(r.PathValue("resource"), true)
}

func (h *Handler) clearAlarm(r *http.Request) (any, error) {
	return nil, h.broker.SetAlarm(r.PathValue("resource"), false)
}

// A DiskFailure says what is wrong with the disk.
type DiskFailure struct {
	Reason string `json:"reason"`
}

func (h *Handler) failDisk(r *http.Request) (any, error) {
	var in DiskFailure
	if err := read(r, &in); err != nil {
		return nil, err
	}
	return nil, h.broker.FailDisk(errors.New(cmp.Or(in.Reason, "input/output error")))
}

// A Connection is one that is open.
type Connection struct {
	Name             string `json:"name"`                         // "peer -> local"
	UserProvidedName string `json:"user_provided_name,omitempty"` // what the client calls it
	User             string `json:"user"`
	VHost            string `json:"vhost"`
	Channels         int    `json:"channels"`
}

func (h *Handler) connections(*http.Request) (any, error) {
	all := []Connection{}
	for _, c := range h.broker.Connections() {
		all = append(all, Connection{c.Name, c.ClientName, c.User, c.VHost, c.Channels})
	}
	return all, nil
}

func (h *Handler) cutConnections(*http.Request) (any, error) {
	h.broker.CutConnections()
	return nil, nil
}

func (h *Handler) restart(r *http.Request) (any, error) {
	if err := readNothing(r); err != nil {
		return nil, err
	}
	if err := h.broker.Restart(); err != nil {
		return nil, &Problem{http.StatusInternalServerError, Failed, reason(err)}
	}
	return nil, nil
}

func (h *Handler) kill(r *http.Request) (any, error) {
	if err := readNothing(r); err != nil {
		return nil, err
	}
	return nil, h.broker.Kill()
}
