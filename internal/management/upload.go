package management

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// postDefinitions imports definitions.
func (s *Server) postDefinitions(c *call) error {
	d, err := c.definitions()
	if err != nil {
		return err
	}
	if err := c.importer().all(d); err != nil {
		return err
	}
	return c.done(false)
}

func (s *Server) postVHostDefinitions(c *call) error {
	d, err := c.definitions()
	if err != nil {
		return err
	}
	v, err := s.vhosts.Get(c.name("vhost"))
	if err != nil {
		return errNoVHost
	}
	if err := c.importer().into(v, d); err != nil {
		return err
	}
	return c.done(false)
}

// importer imports as the user of the call.
func (c *call) importer() importer {
	return importer{users: c.server.users, vhosts: c.server.vhosts, log: c.server.log, by: c.operator()}
}

// imported are definitions as they come.
type imported struct {
	Users            []json.RawMessage   `json:"users"`
	VHosts           []json.RawMessage   `json:"vhosts"`
	Permissions      []json.RawMessage   `json:"permissions"`
	TopicPermissions []json.RawMessage   `json:"topic_permissions"`
	Globals          []json.RawMessage   `json:"global_parameters"`
	Parameters       []importedParameter `json:"parameters"`
	Policies         []definedPolicy     `json:"policies"`
	Queues           []definedQueue      `json:"queues"`
	Exchanges        []definedExchange   `json:"exchanges"`
	Bindings         []definedBinding    `json:"bindings"`
}

type importedParameter struct {
	VHost     string          `json:"vhost"`
	Component string          `json:"component"`
	Name      string          `json:"name"`
	Value     json.RawMessage `json:"value"`
}

// definitions reads them: the body, or the part of it that a form calls a file.
func (c *call) definitions() (d imported, err error) {
	octets, err := c.uploaded(largeMost)
	if err != nil {
		return d, err
	}
	return parseDefinitions(octets)
}

func parseDefinitions(octets []byte) (d imported, err error) {
	if !bytes.HasPrefix(bytes.TrimSpace(octets), []byte("{")) {
		return d, badRequest("failed_to_parse_json")
	}
	if err := json.Unmarshal(octets, &d); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return d, badRequest(fmt.Sprintf("definitions: %s is a %s: want %s", wrong.Field, wrong.Value, wrong.Type))
		}
		return d, badRequest("failed_to_parse_json")
	}
	return d, nil
}

// uploaded reads the body, or the file in it if it is a form.
func (c *call) uploaded(most int64) ([]byte, error) {
	kind, _, err := mime.ParseMediaType(c.Header.Get("content-type"))
	if err != nil || kind != "multipart/form-data" {
		return c.read(most)
	}
	c.Body = http.MaxBytesReader(c.w, c.Body, most)
	form, err := c.MultipartReader()
	if err != nil {
		return nil, badRequest("body_not_read")
	}
	for {
		part, err := form.NextPart()
		if err != nil && err != io.EOF {
			return nil, unread(err, most)
		}
		if err != nil {
			return nil, badRequest("no file in the form: want it as the field 'file'")
		}
		if part.FormName() != "file" {
			continue
		}
		octets, err := io.ReadAll(part)
		if err != nil {
			return nil, unread(err, most)
		}
		return octets, nil
	}
}
