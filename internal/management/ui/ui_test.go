package ui

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func ask(method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

func TestFilesAreServedAsWhatTheyAre(t *testing.T) {
	for path, want := range map[string]string{
		"/":                   "text/html; charset=utf-8",
		"/ui/app.js":          "text/javascript; charset=utf-8",
		"/ui/pages/queues.js": "text/javascript; charset=utf-8",
		"/ui/base.css":        "text/css; charset=utf-8",
		"/ui/icon.svg":        "image/svg+xml",
	} {
		w := ask("GET", path)
		if got := w.Header().Get("content-type"); w.Code != 200 || got != want || w.Body.Len() == 0 {
			t.Errorf("%s: got %d %s, want 200 %s", path, w.Code, got, want)
		}
		if got := w.Header().Get("content-security-policy"); !strings.HasPrefix(got, "default-src 'none'; script-src 'self'; ") {
			t.Errorf("%s: policy: got %q", path, got)
		}
	}
	for request, want := range map[string]int{
		"GET /ui": 404, "GET /ui/index.html": 404, "GET /ui/../ui.go": 404, "GET /other": 404, "POST /": 405, "HEAD /": 200,
	} {
		method, path, _ := strings.Cut(request, " ")
		if w := ask(method, path); w.Code != want {
			t.Errorf("%s: got %d, want %d", request, w.Code, want)
		}
	}
}

func TestABrowserKeepsWhatHasNotChanged(t *testing.T) {
	tag := ask("GET", "/ui/app.js").Header().Get("etag")
	for have, want := range map[string]int{tag: 304, "W/" + tag: 304, `"a", ` + tag: 304, "*": 304, `"a"`: 200, "": 200} {
		if w := ask("GET", "/ui/app.js", "if-none-match", have); w.Code != want || w.Code == 304 && w.Body.Len() > 0 {
			t.Errorf("with %s: got %d, want %d", have, w.Code, want)
		}
	}
}

// The browser refuses these too, but only when it comes by.
func TestPagesNameNothingOfAnotherOriginAndMakeNoMarkupOfText(t *testing.T) {
	foreign := regexp.MustCompile(`(https?:)?//[a-z0-9]+\.[a-z]`)
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|setAttribute\('style'|<style|\son[a-z]+="`)
	for path, f := range Handler().(handler) {
		for i, line := range strings.Split(string(f.content), "\n") {
			if strings.Contains(line, "www.w3.org/2000/svg") {
				continue // a name, which nobody fetches
			}
			if foreign.MatchString(line) || markup.MatchString(line) {
				t.Errorf("%s:%d: %s", path, i+1, line)
			}
		}
	}
}

// A path that is not there fails only when a person comes to that page.
func TestWhatScriptsImportIsThere(t *testing.T) {
	imported := regexp.MustCompile(`(?:from|import) '([^']+)'|import\('([^']+)'\)`)
	files := Handler().(handler)
	for path, f := range files {
		if !strings.HasSuffix(path, ".js") {
			continue
		}
		for _, m := range imported.FindAllStringSubmatch(string(f.content), -1) {
			name := m[1] + m[2]
			at, err := http.NewRequest("GET", "http://x"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			to, err := at.URL.Parse(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, found := files[to.Path]; !found {
				t.Errorf("%s imports %s, which is not there", path, name)
			}
		}
	}
}
