package amqpjson

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/harebellmq/harebell/amqp"
)

func TestPayload(t *testing.T) {
	for _, c := range []struct{ body, payload, encoding string }{
		{"", "", String},
		{"Grüße", "Grüße", String},
		{"\xff\x00", "/wA=", Base64},
	} {
		payload, encoding := Payload([]byte(c.body))
		if payload != c.payload || encoding != c.encoding {
			t.Errorf("%q: got %q in %s, want %q in %s", c.body, payload, encoding, c.payload, c.encoding)
		}
		if body, err := Body(payload, encoding); err != nil || string(body) != c.body {
			t.Errorf("%q: came back as %q, %v", c.body, body, err)
		}
	}
	if body, err := Body("text", ""); err != nil || string(body) != "text" {
		t.Errorf("without an encoding: got %q, %v", body, err)
	}
	for encoding, want := range map[string]string{"base64": "want base64", "auto": `payload_encoding "auto": want "string" or "base64"`} {
		if _, err := Body("?", encoding); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", encoding, err, want)
		}
	}
}

func TestTableToJSON(t *testing.T) {
	b, err := json.Marshal(Table{
		"small": int8(-1), "large": int64(math.MaxInt64), "half": float32(0.5), "nan": math.NaN(), "inf": math.Inf(-1),
		"decimal": amqp.Decimal{Scale: 2, Value: 314}, "time": amqp.Timestamp(10), "octets": []byte("text"), "binary": []byte{0xff},
		"void": nil, "flag": true, "array": []any{int32(1), "a", amqp.Table{"deep": "b"}}, "empty": amqp.Table(nil), "latin": "\xe9",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"array":[1,"a",{"deep":"b"}],"binary":"Not UTF-8, base64 is: /w==","decimal":3.14,"empty":{},"flag":true,` +
		`"half":0.5,"inf":"-Inf","large":9223372036854775807,"latin":"Not UTF-8, base64 is: 6Q==","nan":"NaN","octets":"text",` +
		`"small":-1,"time":10,"void":null}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

func TestTableFromJSON(t *testing.T) {
	var got Table
	err := json.Unmarshal([]byte(`{"n":1,"f":1.5,"e":1e3,"s":"a","b":false,"v":null,"a":[1,[]],"t":{"x":{}}}`), &got)
	want := Table{
		"n": int64(1), "f": 1.5, "e": 1000.0, "s": "a", "b": false, "v": nil,
		"a": []any{int64(1), []any{}}, "t": amqp.Table{"x": amqp.Table{}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if err := amqp.Table(got).Check(); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{
		`[1]`:         "got [1]: want an object of names and values",
		`{"n":1e999}`: `"n": got 1e999: want a number of 64 bits`,
	} {
		if err := json.Unmarshal([]byte(text), &got); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestProperties(t *testing.T) {
	p := Properties{
		ContentType: "a", ContentEncoding: "b", Headers: amqp.Table{"n": int64(1)}, DeliveryMode: 2, Priority: 3, CorrelationID: "c",
		ReplyTo: "d", Expiration: "4", MessageID: "e", Timestamp: 5, Type: "f", UserID: "g", AppID: "h", ClusterID: "i",
	}
	b, err := json.Marshal(p)
	want := `{"content_type":"a","content_encoding":"b","headers":{"n":1},"delivery_mode":2,"priority":3,"correlation_id":"c",` +
		`"reply_to":"d","expiration":"4","message_id":"e","timestamp":5,"type":"f","user_id":"g","app_id":"h","cluster_id":"i"}`
	if err != nil || string(b) != want {
		t.Errorf("got  %s, %v\nwant %s", b, err, want)
	}
	var again Properties
	if err := json.Unmarshal(b, &again); err != nil || !reflect.DeepEqual(again, p) {
		t.Errorf("came back as %+v, %v", again, err)
	}
	if b, err := json.Marshal(Properties{}); err != nil || string(b) != "{}" {
		t.Errorf("none: got %s, %v, want {}", b, err)
	}
	for text, want := range map[string]string{
		`{"colour":1}`:          `properties: "colour": there is no such field: want some of "content_type", "content_encoding", "headers"`,
		`{"priority":256}`:      `"priority": got number 256, want a whole number from 0 to 255`,
		`{"expiration":60000}`:  `"expiration": got number, want a string`,
		`{"headers":"x"}`:       "want an object of names and values",
		`{"delivery_mode":"2"}`: `"delivery_mode": got string, want a whole number from 0 to 255`,
		`"x"`:                   "properties: got string, want an object",
	} {
		if err := json.Unmarshal([]byte(text), &again); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestDecode(t *testing.T) {
	type inner struct {
		Deep []string `json:"deep"`
	}
	var v struct {
		inner
		N     *int `json:"n,omitempty"`
		Flag  bool `json:"flag"`
		Inner inner
	}
	if err := Decode([]byte(` {"n":1,"deep":["a"]} `), &v); err != nil || *v.N != 1 || v.Deep[0] != "a" {
		t.Errorf("got %+v, %v", v, err)
	}
	for text, want := range map[string]string{
		``:               "not JSON (EOF): want an object",
		`{"n":`:          "not JSON (unexpected EOF): want an object",
		`{n}`:            "not JSON (invalid character 'n' looking for beginning of object key string): want an object",
		`[]`:             "got array, want an object",
		`{"n":"1"}`:      `"n": got string, want a whole number`,
		`{"n":1.5}`:      `"n": got number 1.5, want a whole number`,
		`{"flag":1}`:     `"flag": got number, want true or false`,
		`{"deep":1}`:     `"deep": got number, want an array`,
		`{"Inner":1}`:    `"Inner": got number, want an object`,
		`{"m":1}`:        `"m": there is no such field: want some of "deep", "n", "flag"`,
		`{"n":1}{"n":2}`: "something follows the JSON object: want one object",
	} {
		if err := Decode([]byte(text), &v); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	want := `"m": there is no such field: want an empty object`
	if err := Decode([]byte(`{"m":1}`), new(struct{})); err == nil || err.Error() != want {
		t.Errorf("nothing: got %v, want %s", err, want)
	}
}
