package rabbitmqadmin

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
)

func publish(c *call) error {
	path, body, err := c.upload("/exchanges/{vhost}/{exchange}/publish", []string{"routing_key"}, fields{
		{"exchange", "amq.default"}, {"payload", nil}, {"properties", map[string]any{}}, {"payload_encoding", "string"},
	}, []string{"properties"})
	if err != nil {
		return err
	}
	if _, ok := body["payload"]; !ok {
		octets, err := io.ReadAll(c.Stdin)
		if err != nil {
			return err
		}
		body["payload"], body["payload_encoding"] = base64.StdEncoding.EncodeToString(octets), "base64"
	}
	octets, err := c.ask("POST", path, body)
	if err != nil {
		return err
	}
	var answer struct{ Routed bool }
	if err := json.Unmarshal(octets, &answer); err != nil {
		return err
	}
	if answer.Routed {
		return c.say("Message published")
	}
	return c.say("Message published but NOT routed")
}

func get(c *call) error {
	path, body, err := c.upload("/queues/{vhost}/{queue}/get", []string{"queue"}, fields{
		{"count", "1"}, {"ackmode", "ack_requeue_true"}, {"payload_file", nil}, {"encoding", "auto"},
	}, nil)
	if err != nil {
		return err
	}
	file, _ := body["payload_file"].(string)
	if file != "" && body["count"] != "1" {
		return misused("Cannot get multiple messages using payload_file")
	}
	octets, err := c.ask("POST", path, body)
	if err != nil {
		return err
	}
	if file == "" {
		return c.showList(octets, nil, nil)
	}
	if err := writePayload(file, octets); err != nil {
		return err
	}
	return c.showList(octets, []string{"routing_key", "exchange", "message_count", "payload_bytes", "redelivered"}, nil)
}

// writePayload writes the body of the first of several messages to a file.
func writePayload(file string, octets []byte) error {
	var messages []struct {
		Payload  string `json:"payload"`
		Encoding string `json:"payload_encoding"`
	}
	if err := json.Unmarshal(octets, &messages); err != nil {
		return err
	}
	if len(messages) == 0 {
		return errors.New("the queue is empty")
	}
	payload := []byte(messages[0].Payload)
	if messages[0].Encoding == "base64" {
		var err error
		if payload, err = base64.StdEncoding.DecodeString(messages[0].Payload); err != nil {
			return err
		}
	}
	return os.WriteFile(file, payload, 0o600)
}
