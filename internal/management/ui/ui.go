// Package ui is the pages of the management API: HTML, CSS and JavaScript as a browser
// reads them, written by hand and part of the program. Nothing is built, and nothing is
// fetched from anywhere else.
//
// The pages know nothing that the API does not tell them: they ask it with the name and
// the password that a person types in. static/app.js is where they begin.
//
//	http.Handle("/", ui.Handler())
package ui

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed static
var static embed.FS

// policy is what a page may do: run what comes from here, ask whom it comes from, and
// nothing else. No text ever becomes markup, as nothing may be trusted to be any.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// A file is one that is served.
type file struct {
	kind    string
	tag     string // an ETag
	content []byte
}

// A handler serves files by their paths.
type handler map[string]file

// Handler returns the handler of "/", which is the page, and of "/ui/", what it consists
// of.
func Handler() http.Handler {
	h := make(handler)
	fs.WalkDir(static, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		h["/ui"+strings.TrimPrefix(name, "static")] = file{kindOf(name), `"` + hex.EncodeToString(sum[:12]) + `"`, content}
		return nil
	}) // what is embedded is there
	h["/"] = h["/ui/index.html"]
	delete(h, "/ui/index.html")
	return h
}

// kindOf returns the content type of a file. It does not ask the system, which may say
// anything of JavaScript.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// ServeHTTP implements http.Handler. A browser asks each time whether what it has is
// still right: a page and its scripts are of one version.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, found := h[r.URL.Path]
	if !found {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("content-security-policy", policy)
	header.Set("x-content-type-options", "nosniff")
	header.Set("referrer-policy", "no-referrer")
	header.Set("cross-origin-opener-policy", "same-origin")
	header.Set("cache-control", "no-cache")
	header.Set("etag", f.tag)
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		header.Set("allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
	case same(r.Header.Get("if-none-match"), f.tag):
		w.WriteHeader(http.StatusNotModified)
	default:
		header.Set("content-type", f.kind)
		header.Set("content-length", strconv.Itoa(len(f.content)))
		if r.Method == http.MethodGet {
			w.Write(f.content) // if it fails nobody listens any more
		}
	}
}

// same reports whether a tag is among those that a browser has.
//
// RFC 9110, 13.1.2
func same(have, tag string) bool {
	for one := range strings.SplitSeq(have, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}
