package main

import (
	"strings"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
)

func TestServeFollowsASeries(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		version   string
		refused   string // how the reply to a transient queue begins, "" if it is declared
	}{
		"unless told another one":   {nil, "4.2.0", ""},
		"3.13":                      {[]string{"--compat", "3.13"}, "3.13.7", ""},
		"4.3":                       {[]string{"--compat", "4.3"}, "4.3.0", "INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated.\nBy default,"},
		"4.3, permitting a feature": {[]string{"--compat", "4.3", "--permit-transient-nonexcl-queues"}, "4.3.0", ""},
		"4.2, denying a feature": {[]string{"--permit-transient-nonexcl-queues=false"}, "4.2.0",
			"INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated.\nIts use is not permitted per the configuration"},
		"with another version": {[]string{"--compat", "3.13", "--product-version", "3.12.1"}, "3.12.1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, append([]string{"--memory"}, test.arguments...)...)
			connection := p.dial()
			if got := connection.Properties["version"]; got != test.version {
				t.Errorf("version: got %v, want %s", got, test.version)
			}
			ch, err := connection.Channel()
			if err != nil {
				t.Fatal(err)
			}
			_, err = ch.QueueDeclare("q", false, false, false, false, nil)
			refusal, _ := err.(*amqp091.Error)
			switch {
			case test.refused == "" && err != nil:
				t.Errorf("transient queue: got %v, want it declared", err)
			case test.refused != "" && (refusal == nil || refusal.Code != 541 || !strings.HasPrefix(refusal.Reason, test.refused)):
				t.Errorf("transient queue: got %v, want 541 %s", err, test.refused)
			}
			p.stop()
		})
	}
}

func TestServeClosesChannelsAfterTheConsumerTimeout(t *testing.T) {
	p := start(t, "--memory", "--consumer-timeout", "50")
	ch := p.channel()
	closed := ch.NotifyClose(make(chan *amqp091.Error, 1))
	if _, err := ch.QueueDeclare("q", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := ch.Publish("", "q", false, false, amqp091.Publishing{}); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := ch.Get("q", false); !ok || err != nil {
		t.Fatalf("get: got %v, %v", ok, err)
	}
	select {
	case e := <-closed:
		if e == nil || e.Code != 406 || !strings.Contains(e.Reason, "Timeout value used: 50 ms") {
			t.Errorf("closed with %v, want 406 and the timeout of 50 ms", e)
		}
	case <-time.After(10 * time.Second):
		t.Error("not closed")
	}
	p.stop()
}
