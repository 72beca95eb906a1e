package amqptest_test

import (
	"context"
	"fmt"
	"log"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/amqptest"
	"github.com/harebellmq/harebell/store"
)

// backoff is how long a job waits after each failure. For each wait there is a
// queue, whose messages go back to "jobs" when their time to live is over.
var backoff = []time.Duration{10 * time.Second, 10 * time.Minute, 6 * time.Hour}

func declareQueues(ch *amqp091.Channel) error {
	if _, err := ch.QueueDeclare("jobs", true, false, false, false, nil); err != nil {
		return err
	}
	for _, wait := range backoff {
		arguments := amqp091.Table{
			"x-message-ttl":             wait.Milliseconds(),
			"x-dead-letter-exchange":    "",
			"x-dead-letter-routing-key": "jobs",
		}
		if _, err := ch.QueueDeclare("jobs."+wait.String(), true, false, false, false, arguments); err != nil {
			return err
		}
	}
	return nil
}

// work does jobs until there are no more to come. One that fails is tried again
// later, and given up after the last wait.
func work(ch *amqp091.Channel, jobs <-chan amqp091.Delivery, do func(job string) error) error {
	for d := range jobs {
		if err := do(string(d.Body)); err != nil {
			failures, _ := d.Headers["failures"].(int32)
			if int(failures) < len(backoff) {
				again := amqp091.Publishing{Body: d.Body, Headers: amqp091.Table{"failures": failures + 1}}
				if err := ch.Publish("", "jobs."+backoff[failures].String(), false, false, again); err != nil {
					return err
				}
			}
		}
		if err := d.Ack(false); err != nil {
			return err
		}
	}
	return nil
}

// A consumer tries again after ten seconds, ten minutes and six hours. The test
// takes a few milliseconds, most of them for connecting; a wait takes as long as
// it takes to move a message.
func ExampleBroker_Advance() {
	// In a test: b := amqptest.New(t, amqptest.WithManualClock(), amqptest.WithSystemHeartbeats())
	b, err := amqptest.Start(store.NewMemory(), zerolog.Nop(), amqptest.WithManualClock(), amqptest.WithSystemHeartbeats())
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	conn, err := amqp091.Dial(b.URL())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		log.Fatal(err)
	}
	if err := declareQueues(ch); err != nil {
		log.Fatal(err)
	}
	jobs, err := ch.Consume("jobs", "", false, false, false, false, nil)
	if err != nil {
		log.Fatal(err)
	}
	started := b.Now()
	tried := make(chan string)
	go work(ch, jobs, func(job string) error {
		tried <- fmt.Sprintf("%s tried after %v", job, b.Now().Sub(started))
		return fmt.Errorf("no luck with %s", job)
	})

	if err := b.Publish(amqptest.Message{RoutingKey: "jobs", Body: []byte("job")}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-tried)
	for _, wait := range backoff {
		waiting := func() bool { // and acknowledged: nobody may take six hours for that
			q, err := b.Queue("jobs." + wait.String())
			jobs, _ := b.Queue("jobs")
			return err == nil && q.Ready == 1 && jobs.Unacked == 0
		}
		if err := b.Await(context.Background(), waiting); err != nil {
			log.Fatal(err)
		}
		b.Advance(wait)
		fmt.Println(<-tried)
	}
	// Output:
	// job tried after 0s
	// job tried after 10s
	// job tried after 10m10s
	// job tried after 6h10m10s
}

// What is in a queue can be looked at without taking it out.
func ExampleVirtualHost_Queue() {
	b, err := amqptest.Start(store.NewMemory(), zerolog.Nop()) // in a test: amqptest.New(t)
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	conn, err := amqp091.Dial(b.URL())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ch.QueueDeclare("greetings", false, false, false, false, nil); err != nil {
		log.Fatal(err)
	}
	if err := ch.Publish("", "greetings", false, false, amqp091.Publishing{Body: []byte("hello")}); err != nil {
		log.Fatal(err)
	}

	arrived := func() bool {
		q, err := b.Queue("greetings")
		return err == nil && q.Ready > 0
	}
	if err := b.Await(context.Background(), arrived); err != nil {
		log.Fatal(err)
	}
	q, err := b.Queue("greetings")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d ready, the first is %q\n", q.Ready, q.Messages[0].Body)
	// Output:
	// 1 ready, the first is "hello"
}

// Inside a testing/synctest bubble clients connect in memory.
func ExampleBroker_Dial() {
	b, err := amqptest.Start(store.NewMemory(), zerolog.Nop()) // in a test: amqptest.New(t)
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	conn, err := amqp091.DialConfig("amqp://guest:guest@broker/", amqp091.Config{Dial: b.Dial})
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(len(b.Connections()), "connection")
	// Output:
	// 1 connection
}

// begin starts a broker, and opens a channel to it with a durable queue "orders".
// In a test amqptest.New(t) starts it, and sees to its end.
func begin() (*amqptest.Broker, *amqp091.Channel) {
	b, err := amqptest.Start(store.NewMemory(), zerolog.Nop())
	if err != nil {
		log.Fatal(err)
	}
	return b, open(b)
}

// open connects to a broker, and opens a channel with a durable queue "orders".
func open(b *amqptest.Broker) *amqp091.Channel {
	conn, err := amqp091.Dial(b.URL())
	if err != nil {
		log.Fatal(err)
	}
	ch, err := conn.Channel()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ch.QueueDeclare("orders", true, false, false, false, nil); err != nil {
		log.Fatal(err)
	}
	return ch
}

// publish publishes an order, and reports whether the broker has taken it.
func publish(ch *amqp091.Channel, order string) bool {
	if err := ch.Confirm(false); err != nil {
		log.Fatal(err)
	}
	message := amqp091.Publishing{DeliveryMode: amqp091.Persistent, MessageId: order, Body: []byte(order)}
	confirm, err := ch.PublishWithDeferredConfirm("", "orders", true, false, message)
	if err != nil {
		log.Fatal(err)
	}
	return confirm.Wait()
}

// consume returns the deliveries of a queue, which are to be acked.
func consume(ch *amqp091.Channel, queue string) <-chan amqp091.Delivery {
	deliveries, err := ch.Consume(queue, "worker", false, false, false, false, nil)
	if err != nil {
		log.Fatal(err)
	}
	return deliveries
}

// A publisher meets a broker that does not take what it publishes.
func ExampleNackPublish() {
	b, ch := begin()
	defer b.Close()
	b.Inject(amqptest.NackPublish().Times(2), amqptest.OnKey("orders"))

	tries := 1
	for !publish(ch, "a book") {
		tries++
	}
	fmt.Println("confirmed at try", tries)
	// Output:
	// confirmed at try 3
}

// A consumer handles an order once, although it gets it twice.
func ExampleDuplicateDelivery() {
	b, ch := begin()
	defer b.Close()
	b.Inject(amqptest.DuplicateDelivery().Times(1), amqptest.OnQueue("orders"))
	publish(ch, "a book")

	handled := make(map[string]bool)
	deliveries := consume(ch, "orders")
	for range 2 {
		d := <-deliveries
		if !handled[d.MessageId] {
			fmt.Println("handled", d.MessageId)
			handled[d.MessageId] = true
		}
		if err := d.Ack(false); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// handled a book
}

// A consumer that has lost its connection makes another one, and gets the message
// that it has not acked again.
func ExampleBroker_CutConnections() {
	b, ch := begin()
	defer b.Close()
	publish(ch, "a book")
	deliveries := consume(ch, "orders")
	<-deliveries

	b.CutConnections()
	if _, ok := <-deliveries; !ok {
		fmt.Println("lost the connection")
	}
	d := <-consume(open(b), "orders")
	fmt.Println("got", d.MessageId, "again:", d.Redelivered)
	// Output:
	// lost the connection
	// got a book again: true
}

// What is durable is there again after a restart, at the same address.
func ExampleBroker_Restart() {
	b, ch := begin()
	defer b.Close()
	publish(ch, "a book")
	closed := ch.NotifyClose(make(chan *amqp091.Error, 1))

	if err := b.Restart(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("closed with", (<-closed).Code)
	d := <-consume(open(b), "orders")
	fmt.Println("still there:", d.MessageId)
	// Output:
	// closed with 320
	// still there: a book
}

// The journal tells the way of each message.
func ExampleJournal() {
	b, ch := begin()
	defer b.Close()
	publish(ch, "a book")
	d := <-consume(ch, "orders")
	if err := d.Reject(false); err != nil {
		log.Fatal(err)
	}

	if _, err := b.Journal().Await(context.Background(), 1, amqptest.Dropped); err != nil {
		log.Fatal(err)
	}
	fmt.Print(b.Journal())
	// Output:
	//    1 connection-opened
	//    2 published     exchange "" key "orders" tag 1 mandatory "a book"
	//    3 routed        exchange "" key "orders" tag 1 to "orders" mandatory "a book"
	//    4 confirmed     exchange "" key "orders" tag 1 "a book"
	//    5 delivered     queue "orders" consumer "worker" exchange "" key "orders" tag 1 "a book"
	//    6 rejected      queue "orders" consumer "worker" exchange "" key "orders" tag 1 "a book"
	//    7 dropped       queue "orders" exchange "" key "orders" as it was rejected "a book"
}
