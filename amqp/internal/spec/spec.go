package main

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// A spec is the part of the specification's XML that the methods are made of.
type spec struct {
	Domains []domain `xml:"domain"`
	Classes []class  `xml:"class"`
}

type domain struct {
	Name string `xml:"name,attr"`
	Type string `xml:"type,attr"`
}

type class struct {
	Name    string   `xml:"name,attr"`
	Index   int      `xml:"index,attr"`
	Methods []method `xml:"method"`
}

type method struct {
	Name    string  `xml:"name,attr"`
	Index   int     `xml:"index,attr"`
	Content int     `xml:"content,attr"`
	Fields  []field `xml:"field"`

	// Filled in after parsing.
	Class  class  `xml:"-"`
	GoName string `xml:"-"`
}

type field struct {
	Name     string `xml:"name,attr"`
	Domain   string `xml:"domain,attr"`
	Type     string `xml:"type,attr"`
	Reserved int    `xml:"reserved,attr"`

	// Filled in after parsing.
	GoName string `xml:"-"`
}

// parse reads the specification and returns its methods in its order, every
// field with its elementary type.
func parse(source []byte) ([]method, error) {
	var s spec
	if err := xml.Unmarshal(source, &s); err != nil {
		return nil, fmt.Errorf("parse the specification: %w", err)
	}

	types := make(map[string]string, len(s.Domains))
	for _, d := range s.Domains {
		types[d.Name] = d.Type
	}

	var methods []method
	for _, c := range s.Classes {
		for _, m := range c.Methods {
			m.Class = c
			m.GoName = goName(c.Name) + goName(m.Name)
			for i := range m.Fields {
				f := &m.Fields[i]
				f.GoName = goName(f.Name)
				if f.Type == "" {
					f.Type = types[f.Domain]
				}
				if f.Domain == "reply-code" {
					f.Type = "code"
				}
				if goTypes[f.Type] == "" {
					return nil, fmt.Errorf("%s.%s: field %s has the unknown type %q", c.Name, m.Name, f.Name, f.Type)
				}
			}
			methods = append(methods, m)
		}
	}
	return methods, nil
}

// goTypes are the Go types of the elementary types, which are also the names
// of the coder's methods. A reply code is a short with a type of its own.
var goTypes = map[string]string{
	"bit":      "bool",
	"octet":    "uint8",
	"short":    "uint16",
	"long":     "uint32",
	"longlong": "uint64",
	"shortstr": "string",
	"longstr":  "string",
	"table":    "Table",
	"code":     "Code",
}

// goName spells a name of the specification the Go way: class-id is ClassID.
func goName(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "-") {
		if word == "id" {
			b.WriteString("ID")
			continue
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
