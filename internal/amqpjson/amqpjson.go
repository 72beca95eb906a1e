// Package amqpjson is how RabbitMQ's management API spells what AMQP carries in
// JSON: properties by their names with underscores, tables as objects, and bodies
// as text, or in base64 if they are none.
//
// JSON knows fewer types than AMQP. What is written in it and read again has the
// same values, but whole numbers are read as int64, others as float64, and what
// was a timestamp, a decimal or octets comes back as a number or a string.
package amqpjson

import (
	"encoding/base64"
	"fmt"
	"unicode/utf8"
)

// The encodings of a payload.
const (
	String = "string"
	Base64 = "base64"
)

// Payload returns a body as text, and how it is encoded: as it is if it is valid
// UTF-8.
//
// rabbitmq: encoding auto
func Payload(body []byte) (payload, encoding string) {
	if utf8.Valid(body) {
		return string(body), String
	}
	return base64.StdEncoding.EncodeToString(body), Base64
}

// Body returns the body that a payload stands for. No encoding is String.
func Body(payload, encoding string) ([]byte, error) {
	switch encoding {
	case "", String:
		return []byte(payload), nil
	case Base64:
		body, err := base64.StdEncoding.DecodeString(payload)
		if err != nil {
			return nil, fmt.Errorf("payload: %w: want base64, as payload_encoding says", err)
		}
		return body, nil
	}
	return nil, fmt.Errorf("payload_encoding %q: want %q or %q", encoding, String, Base64)
}
