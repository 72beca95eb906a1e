package amqpjson

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/harebellmq/harebell/amqp"
)

// Properties are amqp.Fields that are an object in JSON, in which zero fields are
// left out.
type Properties amqp.Fields

// properties are the names in JSON.
type properties struct {
	ContentType     string         `json:"content_type,omitempty"`
	ContentEncoding string         `json:"content_encoding,omitempty"`
	Headers         Table          `json:"headers,omitempty"`
	DeliveryMode    uint8          `json:"delivery_mode,omitempty"`
	Priority        uint8          `json:"priority,omitempty"`
	CorrelationID   string         `json:"correlation_id,omitempty"`
	ReplyTo         string         `json:"reply_to,omitempty"`
	Expiration      string         `json:"expiration,omitempty"`
	MessageID       string         `json:"message_id,omitempty"`
	Timestamp       amqp.Timestamp `json:"timestamp,omitempty"`
	Type            string         `json:"type,omitempty"`
	UserID          string         `json:"user_id,omitempty"`
	AppID           string         `json:"app_id,omitempty"`
	ClusterID       string         `json:"cluster_id,omitempty"`
}

// IsProperty reports whether a property has that name.
func IsProperty(name string) bool {
	_, is := named[name]
	return is
}

// named are the fields of properties, by their names in JSON.
var named = func() map[string]bool {
	all := make(map[string]bool)
	for _, f := range reflect.VisibleFields(reflect.TypeFor[properties]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		all[name] = true
	}
	return all
}()

// MarshalJSON implements json.Marshaler.
func (p Properties) MarshalJSON() ([]byte, error) {
	named := properties{
		DeliveryMode: p.DeliveryMode, Priority: p.Priority, Timestamp: p.Timestamp, Headers: Table(p.Headers),
	}
	for to, from := range named.texts(&p) {
		*to = text([]byte(*from))
	}
	return json.Marshal(named)
}

// UnmarshalJSON implements json.Unmarshaler. It refuses names that no property has.
func (p *Properties) UnmarshalJSON(data []byte) error {
	var named properties
	if err := Decode(data, &named); err != nil {
		return fmt.Errorf("properties: %w", err)
	}
	*p = Properties{
		DeliveryMode: named.DeliveryMode, Priority: named.Priority, Timestamp: named.Timestamp, Headers: amqp.Table(named.Headers),
	}
	for from, to := range named.texts(p) {
		*to = *from
	}
	return nil
}

// texts pairs the properties that are text.
func (n *properties) texts(p *Properties) map[*string]*string {
	return map[*string]*string{
		&n.ContentType: &p.ContentType, &n.ContentEncoding: &p.ContentEncoding, &n.CorrelationID: &p.CorrelationID,
		&n.ReplyTo: &p.ReplyTo, &n.Expiration: &p.Expiration, &n.MessageID: &p.MessageID, &n.Type: &p.Type,
		&n.UserID: &p.UserID, &n.AppID: &p.AppID, &n.ClusterID: &p.ClusterID,
	}
}
