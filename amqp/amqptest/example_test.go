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
