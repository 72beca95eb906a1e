package rabbitmqctl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/harebellmq/harebell/cmd/harebell/tool"
	"github.com/harebellmq/harebell/internal/management"
)

// exportDefinitions writes them to a file, or to standard output.
func exportDefinitions(c *call) (any, error) {
	octets, err := c.api.Raw(c, "GET", "/api/definitions", nil)
	if err != nil {
		return nil, err
	}
	if c.arguments[0] == "-" {
		_, err := c.Stdout.Write(append(octets, '\n'))
		return quietly{}, err
	}
	return quietly{}, os.WriteFile(c.arguments[0], octets, 0o600) // it holds hashes of passwords
}

// importDefinitions reads them from a file, or from standard input.
func importDefinitions(c *call) (any, error) {
	octets, err := io.ReadAll(io.LimitReader(c.Stdin, definitionsMost))
	if !fromInput(c.invocation) {
		octets, err = os.ReadFile(c.arguments[0])
	}
	if err != nil {
		return nil, err
	}
	if !json.Valid(octets) {
		return nil, failf(exitData, "Failed to deserialise input (format: JSON)")
	}
	once := c.options["skip-if-unchanged"] != ""
	hash := management.Definitions{Files: []management.DefinitionFile{{JSON: octets}}}.Hash()
	at := "/api" + tool.Path("global-parameters", management.LoadedHash)
	if once {
		var last tool.Object
		if err := c.get(at, &last); err != nil && !missing(err) {
			return nil, err
		}
		if last.Text("value") == hash {
			return c.hint("These definitions were imported last, and are not imported again."), nil
		}
	}
	if _, err := c.api.Raw(c, "POST", "/api/definitions", bytes.TrimSpace(octets)); err != nil {
		return nil, err
	}
	if once {
		if err := c.put(at, map[string]any{"value": hash}); err != nil {
			return nil, err
		}
	}
	return c.hint("Successfully imported definitions."), nil
}

// definitionsMost is more than the API takes.
const definitionsMost = 1 << 30

func fromInput(i invocation) bool { return len(i.arguments) == 0 || i.arguments[0] == "-" }

func checkExport(i invocation) (int, string) {
	if dir := filepath.Dir(i.arguments[0]); i.arguments[0] != "-" && !exists(dir) {
		return exitData, fmt.Sprintf("Bad argument: Directory %s does not exist", dir)
	}
	return checkFormat(i)
}

func checkImport(i invocation) (int, string) {
	if !fromInput(i) && !exists(i.arguments[0]) {
		return exitData, fmt.Sprintf("Bad argument: File %s does not exist", i.arguments[0])
	}
	return checkFormat(i)
}

// checkFormat refuses what only Erlang reads.
func checkFormat(i invocation) (int, string) {
	if f, given := i.options["format"]; given && !strings.EqualFold(f, "json") {
		return exitData, "Bad argument: Formatter should be json: Harebell has no other"
	}
	return 0, ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
