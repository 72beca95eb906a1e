// Package tool is what the command line tools have in common: asking a management API,
// and showing what it has answered.
package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// A Client asks the management API of one broker.
type Client struct {
	HTTP  *http.Client
	Base  string              // such as "http://localhost:15672"
	Login func(*http.Request) // nil for none
}

// A Refusal is an answer that says no.
type Refusal struct {
	Status int
	Path   string
	Reason string // the text, or JSON if it is none
}

func (r *Refusal) Error() string {
	if r.Reason == "" {
		return fmt.Sprintf("%s: %s", r.Path, http.StatusText(r.Status))
	}
	return r.Reason
}

// Do asks, and decodes what is answered into answer, unless that is nil. Numbers stay as
// they were written. What is no success is a *Refusal.
func (c *Client) Do(ctx context.Context, method, path string, body, answer any) error {
	octets, err := c.Raw(ctx, method, path, body)
	if err != nil || answer == nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(octets))
	d.UseNumber()
	if err := d.Decode(answer); err != nil {
		return fmt.Errorf("%s %s: answered with no JSON: %w", method, path, err)
	}
	return nil
}

// Raw is Do for who wants the answer as it is. A body of octets is sent as it is, too.
func (c *Client) Raw(ctx context.Context, method, path string, body any) ([]byte, error) {
	return c.Send(ctx, method, path, body, nil)
}

// Send is Raw with headers.
func (c *Client) Send(ctx context.Context, method, path string, body any, headers map[string]string) ([]byte, error) {
	var sent io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		sent = bytes.NewReader(b)
	default:
		octets, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(octets)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.Base+path, sent)
	if err != nil {
		return nil, err
	}
	if sent != nil {
		r.Header.Set("content-type", "application/json")
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	if c.Login != nil {
		c.Login(r)
	}
	response, err := c.HTTP.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	octets, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		return nil, &Refusal{response.StatusCode, path, reason(octets)}
	}
	return octets, nil
}

// reason takes the reason out of an answer that says no.
func reason(octets []byte) string {
	var said struct{ Reason json.RawMessage }
	if json.Unmarshal(octets, &said) != nil || said.Reason == nil {
		return strings.TrimSpace(string(octets))
	}
	var text string
	if json.Unmarshal(said.Reason, &text) == nil {
		return text
	}
	return string(said.Reason)
}

// Path makes a path of names, each of which may hold anything.
func Path(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString("/" + url.PathEscape(name))
	}
	return b.String()
}

// An Object is what the API says of one thing.
type Object map[string]any

// Text returns a field that is text, "" for one that is not there.
func (o Object) Text(field string) string {
	text, _ := o.At(field).(string)
	return text
}

// Number returns a field that is a whole number, 0 for one that is not there.
func (o Object) Number(field string) int64 {
	n, _ := o.At(field).(json.Number)
	i, err := n.Int64()
	if err != nil {
		f, _ := n.Float64() // what is no number is 0
		return int64(f)
	}
	return i
}

// At returns the field that a path with dots leads to, nil if there is none.
func (o Object) At(path string) any {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return o[name]
	}
	inner, _ := o[name].(map[string]any)
	return Object(inner).At(rest)
}

// JSON writes a value as JSON, with the keys of objects in order and without the escapes
// that only HTML needs.
func JSON(value any, indent string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(value); err != nil {
		panic(fmt.Sprintf("encode %T: %v", value, err)) // it was decoded from JSON
	}
	return strings.TrimSuffix(b.String(), "\n")
}
