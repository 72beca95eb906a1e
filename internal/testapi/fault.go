package testapi

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/harebellmq/harebell/amqp"
	"github.com/harebellmq/harebell/amqp/amqptest"
)

// faultsMost is how many faults there may be at once.
const faultsMost = 1000

// An Injection has something go wrong with the messages that it picks.
type Injection struct {
	Fault string `json:"fault"`
	Pick
	Times int `json:"times,omitempty"` // 0 for always

	Code   int      `json:"code,omitempty"`
	Text   string   `json:"text,omitempty"`
	Delay  Duration `json:"delay,omitempty"`
	Reason string   `json:"reason,omitempty"`
}

// A Fault is an injection that is in force.
type Fault struct {
	ID   int `json:"id"`
	Hits int `json:"hits"` // how often it has happened
	Injection

	injected *amqptest.Injected
}

// At says at which messages it happens.
func (i Injection) At() string {
	at := i.matchers()
	if len(at) == 0 {
		return "any"
	}
	words := make([]string, len(at))
	for n, m := range at {
		words[n] = m.String()
	}
	return strings.Join(words, ", ")
}

// A FaultKind is one that can be injected.
type FaultKind struct {
	Name  string
	Takes []string // besides what picks messages, and times
	Does  string

	make func(i Injection) amqptest.Fault
}

// FaultKinds returns all there are.
func FaultKinds() []FaultKind {
	return []FaultKind{
		{"nack publish", nil, "the message gets into no queue; its publisher gets basic.nack",
			func(Injection) amqptest.Fault { return amqptest.NackPublish() }},
		{"close channel", []string{"code", "text"}, "closes the publisher's channel; the message is lost",
			func(i Injection) amqptest.Fault { return amqptest.CloseChannel(amqp.Code(i.Code), i.Text) }},
		{"close connection", []string{"code", "text"}, "closes the publisher's connection; the message is lost",
			func(i Injection) amqptest.Fault { return amqptest.CloseConnection(amqp.Code(i.Code), i.Text) }},
		{"cut before confirm", nil, "takes the message, then cuts the connection: the publisher cannot know",
			func(Injection) amqptest.Fault { return amqptest.CutBeforeConfirm() }},
		{"cut after confirm", nil, "the confirm is the last thing that the publisher hears",
			func(Injection) amqptest.Fault { return amqptest.CutAfterConfirm() }},
		{"delay publish", []string{"delay"}, "the message is routed and confirmed later, by the broker's clock",
			func(i Injection) amqptest.Fault { return amqptest.DelayPublish(time.Duration(i.Delay)) }},
		{"block publish", []string{"reason"}, "the publisher is blocked until the fault is deleted",
			func(i Injection) amqptest.Fault { return amqptest.BlockPublish(i.Reason) }},
		{"delay delivery", []string{"delay"}, "the message stays in its queue for longer, and with it all behind it",
			func(i Injection) amqptest.Fault { return amqptest.DelayDelivery(time.Duration(i.Delay)) }},
		{"duplicate delivery", nil, "the consumer gets the message twice: its first ack is lost",
			func(Injection) amqptest.Fault { return amqptest.DuplicateDelivery() }},
		{"cut on delivery", nil, "cuts the consumer's connection once the message is on its way",
			func(Injection) amqptest.Fault { return amqptest.CutOnDelivery() }},
	}
}

// fault makes what is to be injected.
func (i Injection) fault() (amqptest.Fault, error) {
	kinds := FaultKinds()
	at := slices.IndexFunc(kinds, func(k FaultKind) bool { return k.Name == i.Fault })
	if at < 0 {
		var names []string
		for _, k := range kinds {
			names = append(names, strconv.Quote(k.Name))
		}
		return amqptest.Fault{}, badRequest("fault %q: want one of %s", i.Fault, strings.Join(names, ", "))
	}
	kind := kinds[at]
	for _, given := range []struct {
		name string
		is   bool
	}{{"code", i.Code != 0}, {"text", i.Text != ""}, {"delay", i.Delay != 0}, {"reason", i.Reason != ""}} {
		if given.is && !slices.Contains(kind.Takes, given.name) {
			return amqptest.Fault{}, badRequest("%s: %q does not take it", given.name, i.Fault)
		}
	}
	if i.Code < 0 || i.Code > 0xffff {
		return amqptest.Fault{}, badRequest("code %d: want a reply code", i.Code)
	}
	f := kind.make(i)
	if err := f.Check(); err != nil {
		return f, badRequest("%v", err)
	}
	if i.Times != 0 {
		f = f.Times(i.Times)
	}
	if err := f.Check(); err != nil {
		return f, badRequest("%v", err)
	}
	return f, nil
}

// faults are those in force.
type faults struct {
	mu   sync.Mutex // guards what follows
	made int
	list []Fault
}

// add injects a fault.
func (f *faults) add(b *amqptest.Broker, i Injection) (Fault, error) {
	fault, err := i.fault()
	if err != nil {
		return Fault{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) >= faultsMost {
		return Fault{}, &Problem{http.StatusConflict, Conflict, fmt.Sprintf("there are %d faults already: delete some", faultsMost)}
	}
	f.made++
	added := Fault{ID: f.made, Injection: i, injected: b.Inject(fault, i.matchers()...)}
	f.list = append(f.list, added)
	return added, nil
}

// all returns the faults with how often they have happened.
func (f *faults) all() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := append([]Fault{}, f.list...)
	for i := range all {
		all[i].Hits = all[i].injected.Hits()
	}
	return all
}

// find returns the fault that a path names.
func (f *faults) find(r *http.Request) (Fault, error) {
	all := f.all()
	ids := make([]int, len(all))
	for i, fault := range all {
		if ids[i] = fault.ID; strconv.Itoa(fault.ID) == r.PathValue("id") {
			return fault, nil
		}
	}
	return Fault{}, &Problem{http.StatusNotFound, NotFound, fmt.Sprintf("no fault %s: want one of %v", r.PathValue("id"), ids)}
}

// remove ends faults.
func (f *faults) remove(which ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range which {
		fault.injected.Remove()
		f.list = slices.DeleteFunc(f.list, func(other Fault) bool { return other.ID == fault.ID })
	}
}

// removeIn ends the faults that happen in a virtual host only.
func (f *faults) removeIn(vhost string) {
	f.remove(slices.DeleteFunc(f.all(), func(fault Fault) bool { return fault.VHost == nil || *fault.VHost != vhost })...)
}

func (h *Handler) listFaults(*http.Request) (any, error) { return h.faults.all(), nil }

func (h *Handler) addFault(r *http.Request) (any, error) {
	var in Injection
	if err := read(r, &in); err != nil {
		return nil, err
	}
	added, err := h.faults.add(h.broker, in)
	if err != nil {
		return nil, err
	}
	return created{added}, nil
}

func (h *Handler) fault(r *http.Request) (any, error) { return h.faults.find(r) }

func (h *Handler) deleteFault(r *http.Request) (any, error) {
	fault, err := h.faults.find(r)
	if err != nil {
		return nil, err
	}
	h.faults.remove(fault)
	return nil, nil
}

func (h *Handler) deleteFaults(*http.Request) (any, error) {
	h.faults.remove(h.faults.all()...)
	return nil, nil
}
