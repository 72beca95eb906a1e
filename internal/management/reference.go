package management

import (
	"html/template"
	"net/http"
	"strings"
)

// The page at /api lists what there is.
//
// rabbitmq: so does its own
var referencePage = template.Must(template.New("reference").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Management API</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  td, th { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0 }
  code { overflow-wrap: anywhere }
</style>
<h1>Management API</h1>
<p>Paths, bodies and answers are those of RabbitMQ {{.Version}}. Names in paths are encoded: the virtual host <code>/</code> is
<code>%2F</code>. A user's name and password go along by basic authentication, or a token as a bearer's.</p>
<p>Lists take <code>columns=name,messages</code>, <code>sort=messages</code> and <code>sort_reverse=true</code>; long ones also
<code>page=1</code>, <code>page_size=100</code>, <code>name=part</code> and <code>use_regex=true</code>.</p>
<table>
<tr><th scope="col">Path<th scope="col">Verbs
{{range .Resources}}<tr><td><code>{{.Path}}</code><td>{{.Verbs}}
{{end}}</table>
`))

// A referred resource is one as the page shows it.
type referred struct{ Path, Verbs string }

// reference answers with the page. Nobody need log in to read it.
func (s *Server) reference(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("allow", "HEAD, GET, OPTIONS")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	var all []referred
	for _, res := range s.resources() {
		verbs := strings.TrimSuffix(strings.TrimPrefix(res.allowed(), "HEAD, "), ", OPTIONS")
		all = append(all, referred{s.options.PathPrefix + res.path, verbs})
	}
	w.Header().Set("content-type", "text/html; charset=utf-8")
	w.Header().Set("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")
	referencePage.Execute(w, struct { // if it fails nobody listens any more
		Version   string
		Resources []referred
	}{s.version(), all})
}
