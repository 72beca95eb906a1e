package tool

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// DecodeJSON decodes what was given on a command line, with numbers as they are
// written. It returns an error if that is not JSON, or something is behind it.
func DecodeJSON(given string, into any) error {
	d := json.NewDecoder(strings.NewReader(given))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is something behind the JSON")
	}
	return nil
}
