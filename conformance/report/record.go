package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/harebellmq/harebell/conformance"
)

// A Record is what the page about compatibility keeps of a report: nothing that
// changes from one run to the next if the broker does not.
type Record struct {
	Product  string                       `json:"product"`
	Version  string                       `json:"version"`
	Chapters map[string]conformance.Count `json:"chapters"`
	Failed   []string                     `json:"failed"`  // names of rules
	Skipped  map[string]string            `json:"skipped"` // name of the rule: why
}

// WriteRecord writes the records of reports as JSON.
func WriteRecord(w io.Writer, reports []conformance.Report) error {
	records := make([]Record, 0, len(reports))
	for _, r := range reports {
		records = append(records, recordOf(r))
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(records)
}

// ReadRecord reads what WriteRecord wrote, and refuses one that does not have
// the rules there are today.
func ReadRecord(r io.Reader) (records []Record, err error) {
	if err := json.NewDecoder(r).Decode(&records); err != nil {
		return nil, err
	}
	for _, record := range records {
		for _, chapter := range conformance.Chapters {
			c := record.Chapters[chapter.Title]
			if got, want := c.Passed+c.Failed+c.Skipped, len(chapter.Rules); got != want {
				return nil, fmt.Errorf("record of %s: %s has %d rules, now %d: judge anew", record.Product, chapter.Title, got, want)
			}
		}
	}
	return records, nil
}

func recordOf(r conformance.Report) Record {
	record := Record{
		Product: r.Product, Version: r.Version,
		Chapters: make(map[string]conformance.Count), Failed: []string{}, Skipped: make(map[string]string),
	}
	if r.Product == "Harebell" {
		record.Version = "" // the one the page comes with
	}
	for _, chapter := range conformance.Chapters {
		record.Chapters[chapter.Title] = r.Count(chapter.Title)
	}
	for _, result := range r.Results {
		switch result.Outcome {
		case conformance.Failed:
			record.Failed = append(record.Failed, result.Rule)
		case conformance.Skipped:
			record.Skipped[result.Rule] = strings.Join(result.Messages, "; ")
		}
	}
	return record
}
