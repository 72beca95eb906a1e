package rabbitmqadmin

import (
	"os"
	"slices"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
)

// definitions is where the definitions are, of all or of one virtual host.
func (c *call) definitions() string {
	if c.vhost != "" {
		return "/definitions" + tool.Path(c.vhost)
	}
	return "/definitions"
}

// file is the one argument of a command.
func (c *call) file() (string, error) {
	if file, ok := c.given["file"]; ok {
		return file, nil
	}
	words := slices.DeleteFunc(slices.Clone(c.words[1:]), func(w string) bool { return w == "definitions" })
	if len(words) != 1 {
		return "", misused("Exactly one argument required")
	}
	return words[0], nil
}

func export(c *call) error {
	file, err := c.file()
	if err != nil {
		return err
	}
	octets, err := c.ask("GET", c.definitions(), nil)
	if err != nil {
		return err
	}
	if file == "-" {
		_, err := c.Stdout.Write(append(octets, '\n'))
		return err
	}
	if err := os.WriteFile(file, octets, 0o600); err != nil { // it holds hashes of passwords
		return err
	}
	return c.say("Exported definitions for %s to \"%s\"", c.host, file)
}

func importFile(c *call) error {
	file, err := c.file()
	if err != nil {
		return err
	}
	octets, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if _, err := c.ask("POST", c.definitions(), octets); err != nil {
		return err
	}
	// rabbitmqadmin: the two are the wrong way round
	return c.say("Uploaded definitions from \"%s\" to %s. The import process may take some time. Consult server logs to track progress.", c.host, file)
}
