package amqp

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

// full has a value in every field.
var full = Fields{
	ContentType: "text/plain", ContentEncoding: "gzip", Headers: Table{"a": int32(1), "b": "two"},
	DeliveryMode: 2, Priority: 9, CorrelationID: "corr", ReplyTo: "reply", Expiration: "60000",
	MessageID: "id", Timestamp: math.MaxUint64, Type: "kind", UserID: "guest", AppID: "app", ClusterID: "cluster",
}

func TestFieldsRoundTrip(t *testing.T) {
	tests := []struct {
		name   string
		fields Fields
	}{
		{"none", Fields{}},
		{"all", full},
		{"an empty table", Fields{Headers: Table{}}},
		{"the first", Fields{ContentType: "a"}},
		{"the last", Fields{ClusterID: "a"}},
		{"only octets", Fields{DeliveryMode: 1, Priority: 255}},
		{"the longest string", Fields{ReplyTo: strings.Repeat("a", 255)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := test.fields.Properties()
			got, err := p.Fields()
			if err != nil || !reflect.DeepEqual(got, test.fields) {
				t.Errorf("got %+v, %v, want %+v", got, err, test.fields)
			}
			m := NewMessage("", "", p, nil)
			if m.Persistent != (test.fields.DeliveryMode == 2) || m.Priority != test.fields.Priority {
				t.Errorf("a message of it is persistent %v with priority %d", m.Persistent, m.Priority)
			}
		})
	}
	if p := (Fields{}).Properties(); p != nil {
		t.Errorf("got %x of no fields, want nil", p)
	}
}

func TestAccessors(t *testing.T) {
	p := full.Properties()
	for flag := FlagContentType; flag >= FlagClusterID; flag >>= 1 {
		if !p.Has(flag) {
			t.Errorf("flag %x is not there", flag)
		}
	}
	if ts, ok := p.Timestamp(); ts != full.Timestamp || !ok {
		t.Errorf("Timestamp: got %d, %v", ts, ok)
	}
	if v, ok := p.Header("b"); v != "two" || !ok {
		t.Errorf("Header: got %v, %v, want two", v, ok)
	}
	if v, ok := p.Header("c"); ok {
		t.Errorf("Header: got %v, want none", v)
	}

	var none Properties
	if ts, ok := none.Timestamp(); ok || none.Headers() != nil || none.ReplyTo() != "" || none.DeliveryMode() != 0 || none.Has(FlagHeaders) {
		t.Errorf("no properties have something: %v", ts)
	}
	if v, ok := none.Header("a"); ok {
		t.Errorf("no properties have a header: %v", v)
	}
}

func TestHeaderFindsTheFirst(t *testing.T) {
	p := Properties("\x20\x00\x00\x00\x00\x08" + "\x01aB\x01" + "\x01aB\x02")
	if v, ok := p.Header("a"); v != uint8(1) || !ok {
		t.Errorf("got %v, %v, want 1", v, ok)
	}
}

func TestPropertiesCheck(t *testing.T) {
	deep := Fields{Headers: nested(34)}.Properties()
	tests := []struct {
		name string
		p    Properties
		want string // "" if they are right
	}{
		{"none", nil, ""},
		{"no flags", Properties("\x00\x00"), ""},
		{"all", full.Properties(), ""},
		{"a flag nobody minds", Properties("\x00\x02"), ""},
		{"present but empty strings", Properties("\x80\x04\x00\x00"), ""},
		{"half the flags", Properties("\x00"), "content properties cut short"},
		{"continuation", Properties("\x00\x01\x00\x00"), "content properties with more than one word of flags"},
		{"a missing string", Properties("\x80\x00"), "content properties cut short"},
		{"a string cut short", Properties("\x80\x00\x02a"), "content properties cut short"},
		{"a missing octet", Properties("\x10\x00"), "content properties cut short"},
		{"a timestamp cut short", Properties("\x00\x40\x00\x00\x00\x00\x00\x00\x00"), "content properties cut short"},
		{"a table's length cut short", Properties("\x20\x00\x00\x00"), "content properties cut short"},
		{"a table cut short", Properties("\x20\x00\xff\xff\xff\xff\x00"), "content properties cut short"},
		{"a table that is wrong", Properties("\x20\x00\x00\x00\x00\x03\x01az"), "field table with the unknown tag 122"},
		{"a table too deep", deep, "field table nested deeper than 32"},
		{"octets left over", Properties("\x80\x00\x01a\x00"), "content properties with 1 octets left over"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.p.Check()
			if test.want == "" {
				if err != nil {
					t.Errorf("got %v, want none", err)
				}
				return
			}
			if e, ok := errors.AsType[*Error](err); !ok || e.Code != FrameError || e.Text != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if f, err := test.p.Fields(); err == nil {
				t.Errorf("Fields: got %+v of them", f)
			}
		})
	}
}

func TestPropertiesEdits(t *testing.T) {
	const (
		before = "\x01aB\x01"
		exotic = "\x01xL\x00\x00\x00\x00\x00\x00\x00\x05" + "\x01at\x07"
	)
	headers := func(entries string) Properties {
		p := Properties("\xb0\x00\x01t\x00\x00\x00\x00" + entries + "\x02")
		p[7] = byte(len(entries))
		return p
	}
	tests := []struct {
		name      string
		got, want Properties
	}{
		{"a header is replaced where it is", headers(before+exotic).WithHeader("x", int8(1)), headers(before + "\x01xb\x01" + "\x01at\x07")},
		{"of two headers the first is replaced", headers(before+exotic).WithHeader("a", nil), headers("\x01aV" + exotic)},
		{"a new header is the last", headers(before+exotic).WithHeader("n", nil), headers(before + exotic + "\x01nV")},
		{"a header in an empty table", headers("").WithHeader("n", nil), headers("\x01nV")},
		{"a header where no table was", Properties("\x90\x00\x01t\x02").WithHeader("n", nil), headers("\x01nV")},
		{"a header where nothing was", Properties(nil).WithHeader("n", nil), Properties("\x20\x00\x00\x00\x00\x03\x01nV")},
		{"a header goes, twice", headers(before + exotic).WithoutHeader("a"), headers(exotic[:11])},
		{"the last header goes", headers(before).WithoutHeader("a"), headers("")},
		{"no such header", headers(before).WithoutHeader("n"), headers(before)},
		{"no headers", Properties("\x80\x00\x01t").WithoutHeader("n"), Properties("\x80\x00\x01t")},
		{"nothing", Properties(nil).WithoutHeader("n"), nil},

		{"another delivery mode", Properties("\x90\x00\x01t\x02").WithDeliveryMode(1), Properties("\x90\x00\x01t\x01")},
		{"a delivery mode", Properties("\x80\x40\x01t12345678").WithDeliveryMode(1), Properties("\x90\x40\x01t\x0112345678")},
		{"a delivery mode where nothing was", Properties(nil).WithDeliveryMode(1), Properties("\x10\x00\x01")},

		{"another reply-to", Properties("\x82\x04\x01t\x03old\x00").WithReplyTo("r"), Properties("\x82\x04\x01t\x01r\x00")},
		{"a reply-to", Properties("\x80\x42\x01t12345678").WithReplyTo("r"), Properties("\x82\x42\x01t\x01r12345678")},
		{"a reply-to where nothing was", Properties(nil).WithReplyTo("r"), Properties("\x02\x00\x01r")},
		{"an expiration", Properties("\x02\x80\x01r\x01i").WithExpiration("5"), Properties("\x03\x80\x01r\x015\x01i")},
		{"no expiration", Properties("\x03\x80\x01r\x015\x01i").WithoutExpiration(), Properties("\x02\x80\x01r\x01i")},
		{"no expiration, there was none", Properties("\x02\x80\x01r\x01i").WithoutExpiration(), Properties("\x02\x80\x01r\x01i")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if string(test.got) != string(test.want) {
				t.Errorf("\n got %x\nwant %x", test.got, test.want)
			}
			if err := test.got.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPropertiesEditsLeaveTheOldOnesAlone(t *testing.T) {
	p := append(full.Properties(), "the next frame"...)
	old := string(p)
	p = p[:len(p)-len("the next frame")]
	p.WithHeader("a", "longer than before").WithReplyTo("r")
	p.WithoutHeader("a")
	p.WithoutExpiration()
	if got := string(p[:len(old)]); got != old {
		t.Errorf("\n got %x\nwant %x", got, old)
	}
}

// TestPropertiesCutShort asks of all beginnings of properties all there is to
// ask: what Check refuses must not panic.
func TestPropertiesCutShort(t *testing.T) {
	whole := full.Properties()
	for n := range whole {
		p := whole[:n]
		if p.Check() == nil && n > 0 {
			t.Errorf("%d of %d octets pass", n, len(whole))
		}
		if got := p.ClusterID(); got != "" {
			t.Errorf("%d of %d octets have the cluster id %q", n, len(whole), got)
		}
		if v, ok := p.Timestamp(); ok && v != full.Timestamp {
			t.Errorf("%d of %d octets have the timestamp %d", n, len(whole), v)
		}
		if v, ok := p.Header("b"); ok && v != "two" {
			t.Errorf("%d of %d octets have the header %v", n, len(whole), v)
		}
		p.Headers()
		p.WithHeader("b", nil).WithoutHeader("a").WithReplyTo("r").WithoutExpiration()
		NewMessage("", "", p, nil)
	}

	broken := Properties("\x20\x00\x00\x00\x00\x03\x01az")
	if h, ok := broken.Header("a"); ok || broken.Headers() != nil {
		t.Errorf("a broken table has the header %v", h)
	}
	if got := broken.WithoutHeader("a"); string(got) != string(broken) {
		t.Errorf("a broken table without a header became %x", got)
	}
}
