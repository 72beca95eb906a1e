package rabbitmqadmin

import (
	"bufio"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An options is a command line that has been understood.
type options struct {
	flags    map[string]string // by their long names
	words    []string          // the verb, the type, and what is left
	columns  []string          // after the type
	given    map[string]string // name=value, or --name value
	strange  []string          // words where name=value is wanted
	newStyle bool              // as rabbitmqadmin-ng has it

	host, port, prefix string
	user, password     string
	vhost              string // "" for all, or "/"
	secure             bool
	quiet              bool
	format             string
	depth              int
	timeout            time.Duration
}

// general are the flags that are not of a thing, by all their names; those with "=" take a
// value.
var general = map[string]string{
	"-c": "config=", "--config": "config=", "-N": "node=", "--node": "node=", "--node-alias": "node=",
	"-H": "host=", "--host": "host=", "--hostname": "host=", "-P": "port=", "--port": "port=", "--path-prefix": "path-prefix=",
	"-V": "vhost=", "--vhost": "vhost=", "-u": "username=", "--username": "username=", "-p": "password=", "--password": "password=",
	"-U": "base-uri=", "--base-uri": "base-uri=", "-q": "quiet", "--quiet": "quiet", "-s": "ssl", "--ssl": "ssl", "--tls": "ssl", "--use-tls": "ssl",
	"--ssl-key-file": "ssl-key-file=", "--tls-key-file": "ssl-key-file=", "--ssl-cert-file": "ssl-cert-file=", "--tls-cert-file": "ssl-cert-file=",
	"--ssl-ca-cert-file": "ssl-ca-cert-file=", "--tls-ca-cert-file": "ssl-ca-cert-file=",
	"--ssl-disable-hostname-verification": "ssl-disable-hostname-verification", "-k": "ssl-insecure", "--ssl-insecure": "ssl-insecure", "--insecure": "ssl-insecure",
	"-t": "request-timeout=", "--request-timeout": "request-timeout=", "--timeout": "request-timeout=", "-f": "format=", "--format": "format=",
	"-S": "sort=", "--sort": "sort=", "-R": "sort-reverse", "--sort-reverse": "sort-reverse", "-d": "depth=", "--depth": "depth=",
	"--bash-completion": "bash-completion", "--version": "version", "-h": "help", "--help": "help",
	"--non-interactive": "quiet",
}

// parse reads a command line. Flags may stand anywhere. One that is of no use elsewhere,
// or stands behind the command in the new style, is a field of the command's thing.
func parse(arguments []string, env Env) (options, error) {
	o := options{flags: make(map[string]string), given: make(map[string]string)}
	oldStyle := false
	for _, a := range arguments {
		oldStyle = oldStyle || !strings.HasPrefix(a, "-") && strings.Contains(a, "=")
	}
	for rest := arguments; len(rest) > 0; rest = rest[1:] {
		one := rest[0]
		if len(one) < 2 || one[0] != '-' {
			o.words = append(o.words, one)
			continue
		}
		written, value, has := strings.Cut(one, "=")
		if !has && len(written) > 2 && written[1] != '-' { // -phello
			written, value, has = one[:2], one[2:], true
		}
		flag, known := general[written]
		field := strings.TrimPrefix(written, "--")
		if len(o.words) > 1 && !oldStyle && strings.HasPrefix(written, "--") && (!known || o.isField(field)) {
			known, flag = false, field+"="
			o.newStyle = true
		} else if !known {
			return o, &optionError{"no such option: " + written}
		}
		name, takes := strings.CutSuffix(flag, "=")
		switch {
		case !takes && has:
			return o, &optionError{written + " option does not take a value"}
		case !takes:
			value = "true"
		case !has:
			if len(rest) < 2 {
				return o, &optionError{written + " option requires 1 argument"}
			}
			rest = rest[1:]
			value = rest[0]
		}
		if known {
			o.flags[name] = value
		} else {
			o.given[o.fieldName(name)] = value
		}
	}
	o.normalise()
	o.sortWords()
	return o, o.settle(env)
}

// isField reports whether a flag is a field of the thing that the words so far are about,
// whatever else it may be.
func (o options) isField(name string) bool {
	for _, t := range things {
		if !slices.Contains(o.words, t.name) && !slices.Contains(o.words, t.plural) {
			continue
		}
		for _, names := range t.mandatory {
			if slices.Contains(strings.Split(names, "|"), name) && name != "vhost" {
				return true
			}
		}
	}
	return name == "port" && slices.Contains(o.words, "health_check")
}

// fieldName is the name of a field for a flag of the new style.
func (o options) fieldName(flag string) string {
	switch name := strings.ReplaceAll(flag, "-", "_"); {
	case name == "type" && (slices.Contains(o.words, "queue") || slices.Contains(o.words, "queues")):
		return "queue_type"
	case name == "apply_to":
		return "apply-to"
	case name == "ack_mode":
		return "ackmode"
	default:
		return name
	}
}

// normalise puts the verb first: the new style has it second.
func (o *options) normalise() {
	if len(o.words) < 2 {
		return
	}
	first, second := o.words[0], o.words[1]
	_, isVerb := verbs[first]
	_, followed := verbs[second]
	switch {
	case !isVerb && followed:
		o.words[0], o.words[1] = second, first
	case !isVerb:
		return
	}
	switch o.words[1] { // the new style names what the old one knows
	case "message", "messages":
		o.words = slices.Delete(o.words, 1, 2)
	}
}

// sortWords divides what follows the verb and the type.
func (o *options) sortWords() {
	if len(o.words) == 0 {
		return
	}
	from := 2
	switch o.words[0] {
	case "publish", "get":
		from = 1
	case "list", "show":
		for _, word := range o.words[min(2, len(o.words)):] {
			if name, value, ok := strings.Cut(word, "="); ok && o.words[0] == "show" {
				o.given[name] = value
				continue
			}
			o.columns = append(o.columns, word)
		}
		return
	case "export", "import", "help", "health_check":
		return
	}
	for _, word := range o.words[min(from, len(o.words)):] {
		if name, value, ok := strings.Cut(word, "="); ok {
			o.given[name] = value
			continue
		}
		o.strange = append(o.strange, word)
	}
}

// settle makes the options of the flags, the file and the defaults.
func (o *options) settle(env Env) error {
	section, err := o.section(env)
	if err != nil {
		return err
	}
	from := func(flag, key, standard string) string {
		if v, ok := o.flags[flag]; ok {
			return v
		}
		if v, ok := section[key]; ok {
			return v
		}
		return standard
	}
	o.host, o.port = from("host", "hostname", "localhost"), from("port", "port", "15672")
	o.user, o.password = from("username", "username", "guest"), from("password", "password", "guest")
	o.prefix, o.vhost = from("path-prefix", "path_prefix", ""), from("vhost", "vhost", "")
	if o.vhost == "" {
		if v, ok := section["declare_vhost"]; ok && len(o.words) > 0 && (o.words[0] == "declare" || o.words[0] == "delete") {
			o.vhost = v
		}
	}
	o.secure = isTrue(from("ssl", "ssl", ""))
	o.quiet = isTrue(o.flags["quiet"]) || section["verbose"] == "False"
	o.format = from("format", "format", "table")
	for _, name := range []string{"ssl-key-file", "ssl-cert-file", "ssl-ca-cert-file", "ssl-insecure", "ssl-disable-hostname-verification", "sort"} {
		if v := from(name, strings.ReplaceAll(name, "-", "_"), ""); v != "" && v != "False" {
			o.flags[name] = v
		}
	}
	number := func(flag, key, standard string) (int, error) {
		text := from(flag, key, standard)
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, optionf("option --%s: invalid integer value: '%s'", flag, text)
		}
		return n, nil
	}
	seconds, err := number("request-timeout", "request_timeout", "120")
	if err != nil {
		return err
	}
	o.timeout = time.Duration(seconds) * time.Second
	if o.depth, err = number("depth", "depth", "1"); err != nil {
		return err
	}
	if !slices.Contains(formats, o.format) {
		return misused("Format %s not recognised", o.format)
	}
	return o.baseURI()
}

func isTrue(v string) bool { return v == "true" || v == "True" }

// baseURI takes over what an address says.
func (o *options) baseURI() error {
	text, ok := o.flags["base-uri"]
	if !ok {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return optionf("option --base-uri: %s: want an address such as http://localhost:15672", text)
	}
	o.host = u.Hostname()
	if u.Port() != "" {
		o.port = u.Port()
	}
	if u.User != nil {
		o.user = u.User.Username()
		if password, ok := u.User.Password(); ok {
			o.password = password
		}
	}
	o.secure = o.secure || u.Scheme == "https"
	return nil
}

func (o options) declareVHost() string {
	if o.vhost != "" {
		return o.vhost
	}
	return "/"
}

// section reads the part of the file that is for the node.
func (o options) section(env Env) (map[string]string, error) {
	file, asked := o.flags["config"]
	node, named := o.flags["node"]
	if !named {
		node = "default"
	}
	if !asked {
		if env.Home == "" {
			return nil, nil
		}
		file = filepath.Join(env.Home, ".rabbitmqadmin.conf")
	}
	f, err := os.Open(file)
	switch {
	case asked && err != nil:
		return nil, misused("Could not read config file '%s'", file)
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	defer f.Close()
	sections := make(map[string]map[string]string)
	var in map[string]string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[' && line[len(line)-1] == ']':
			in = make(map[string]string)
			sections[line[1:len(line)-1]] = in
		case in == nil:
			return nil, fmt.Errorf("%s: %q stands before any [section]", file, line)
		default:
			at := strings.IndexAny(line, "=:")
			if at < 0 {
				return nil, fmt.Errorf("%s: %q: want key = value", file, line)
			}
			value, _, _ := strings.Cut(line[at+1:], " #")
			in[strings.TrimSpace(line[:at])] = strings.TrimSpace(value)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	s, ok := sections[node]
	if !ok && node != "default" {
		return nil, misused("Could not read section '%s' in config file '%s':\n   No section: '%s'", node, file, node)
	}
	return s, nil
}

func optionf(format string, args ...any) error { return &optionError{fmt.Sprintf(format, args...)} }
