package management

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/internal/amqpjson"
)

// A body is what a client has sent: a JSON object by its keys. What is null is not
// there.
type body map[string]json.RawMessage

// read reads the octets of the request's body.
func (c *call) read(most int64) ([]byte, error) {
	octets, err := io.ReadAll(http.MaxBytesReader(c.w, c.Body, most))
	if err != nil {
		return nil, unread(err, most)
	}
	return bytes.TrimSpace(octets), nil
}

// unread says why a body that may have so many octets could not be read.
func unread(err error, most int64) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return badRequest(fmt.Sprintf("Exceeded HTTP request body size limit of %d octets", most))
	}
	return badRequest("body_not_read")
}

// body reads the request's body, in which some keys must be. None at all is an
// empty object.
func (c *call) body(keys ...string) (body, error) { return c.bodyOf(bodyMost, keys...) }

// bodyOf is body for one that may have so many octets.
func (c *call) bodyOf(most int64, keys ...string) (body, error) {
	octets, err := c.read(most)
	if err != nil {
		return nil, err
	}
	b, err := parseBody(octets)
	if err != nil {
		return nil, err
	}
	return b, b.need(keys)
}

func parseBody(octets []byte) (body, error) {
	b := make(body)
	if len(octets) > 0 {
		var text string
		switch {
		case json.Unmarshal(octets, &b) == nil && b != nil:
		case json.Unmarshal(octets, &text) == nil && octets[0] == '"':
			return nil, badRequest("invalid payload: the request body JSON-decoded to a string. Is the input doubly-JSON-encoded?")
		default:
			return nil, badRequest("not_json")
		}
	}
	for key, value := range b {
		if string(value) == "null" {
			delete(b, key)
		}
	}
	return b, nil
}

// need refuses a body in which keys are missing.
func (b body) need(keys []string) error {
	var missing []string
	for _, key := range keys {
		if _, ok := b[key]; !ok {
			missing = append(missing, "{key_missing,"+key+"}")
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return badRequest("[" + strings.Join(missing, ",") + "]")
}

// has reports whether a key is there.
func (b body) has(key string) bool { return b[key] != nil }

// text returns the text under a key, "" if there is none.
func (b body) text(key string) (string, error) {
	var text string
	if value, ok := b[key]; ok && json.Unmarshal(value, &text) != nil {
		return "", badRequest("not_text", key, value)
	}
	return text, nil
}

// texts returns the texts under some keys.
func (b body) texts(keys ...string) ([]string, error) {
	texts := make([]string, len(keys))
	for i, key := range keys {
		var err error
		if texts[i], err = b.text(key); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// flag returns whether a key says true, in either of the ways to say it.
func (b body) flag(key string) (bool, error) {
	switch value := string(b[key]); value {
	case "true", `"true"`:
		return true, nil
	case "", "false", `"false"`:
		return false, nil
	default:
		return false, badRequest("not_boolean", b[key])
	}
}

// table returns the table under a key, nil if there is none.
func (b body) table(key string) (amqp.Table, error) {
	var t amqpjson.Table
	if value, ok := b[key]; ok {
		if err := json.Unmarshal(value, &t); err != nil {
			return nil, badRequest("not_a_table", key, value)
		}
		if err := amqp.Table(t).Check(); err != nil {
			return nil, badRequest(key + ": " + err.Error())
		}
	}
	return amqp.Table(t), nil
}

// number returns the whole number under a key, however it is written.
func (b body) number(key string, absent int) (int, error) {
	value, ok := b[key]
	if !ok {
		return absent, nil
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		text = string(value)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, badRequest("not_integer", value)
	}
	return n, nil
}

// list returns the texts of an array under a key.
func (b body) list(key string) ([]string, error) {
	var list []string
	if value, ok := b[key]; ok && json.Unmarshal(value, &list) != nil {
		return nil, badRequest("not_a_list_of_texts", key, value)
	}
	return list, nil
}

// tags returns the tags under the key of that name: an array, or a text with
// commas.
func (b body) tags() ([]string, error) {
	var text string
	if value, ok := b["tags"]; ok && json.Unmarshal(value, &text) != nil {
		return b.list("tags")
	}
	var tags []string
	for tag := range strings.SplitSeq(text, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags, nil
}
