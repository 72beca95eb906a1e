package testapi

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

// A Client asks the API.
type Client struct {
	URL string // of its server, such as http://127.0.0.1:15673
}

// Path returns the path of a route, with names in their places.
func Path(segments ...string) string {
	var b strings.Builder
	b.WriteString("/api/test")
	for _, s := range segments {
		escaped := url.PathEscape(s)
		if s == "." || s == ".." { // which would lead elsewhere
			escaped = strings.ReplaceAll(s, ".", "%2E")
		}
		b.WriteString("/" + escaped)
	}
	return b.String()
}

// Do sends in, unless it is nil, and puts the answer into out, unless that is nil
// or there is none. Its error is a *Problem if the API has answered with one.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+path, body)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("%w: want a broker that was started with --test-api", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		p := &Problem{Status: answer.StatusCode}
		if err := json.Unmarshal(text, p); err != nil || p.Code == "" {
			return fmt.Errorf("%s %s: %s: want the address of a broker that was started with --test-api", method, r.URL, answer.Status)
		}
		return p
	}
	if out == nil || len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, out)
}
