package conformance

import (
	"regexp"

	amqp "github.com/rabbitmq/amqp091-go"
)

// policy sets a policy for what has a name, in the virtual host of the rules, until
// the rule ends. Its own name is returned.
func (a *admin) policy(of string, definition map[string]any) string {
	a.t.Helper()
	return a.policyWith("policies", map[string]any{"pattern": "^" + regexp.QuoteMeta(of) + "$", "definition": definition})
}

// operatorPolicy is policy for operators.
func (a *admin) operatorPolicy(of string, definition map[string]any) string {
	a.t.Helper()
	return a.policyWith("operator-policies", map[string]any{"pattern": "^" + regexp.QuoteMeta(of) + "$", "definition": definition, "apply-to": "queues"})
}

func (a *admin) policyWith(list string, body map[string]any) string {
	a.t.Helper()
	name := brief()
	a.t.Cleanup(func() { a.clear(list, name) })
	a.do("PUT", []string{list, target.vhost, name}, body)
	return name
}

func (a *admin) clear(list, name string) { a.ask("DELETE", []string{list, target.vhost, name}, "") }

// takes publishes messages until a queue has dropped the first, and returns how many
// it keeps.
func (s *session) takes(queue string) int {
	s.t.Helper()
	s.confirm()
	for range 6 {
		s.confirmed("", queue, amqp.Publishing{Body: []byte("m")})
	}
	return s.inspect(queue).Messages
}

func TestPolicyOfLengthHoldsAtOnce(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b", "c")
	s.wantReady(queue, 3)
	a.policy(queue, map[string]any{"max-length": 1})
	s.wantReady(queue, 1)
	s.wantDrain(queue, "c")
}

func TestPolicyOfLengthInBytesHoldsAtOnce(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := s.queue(nil)
	s.publish("", queue, "a", "b", "c")
	s.wantReady(queue, 3)
	a.policy(queue, map[string]any{"max-length-bytes": 2})
	s.wantReady(queue, 2)
	s.wantDrain(queue, "b c")
}

func TestPolicyHoldsForQueuesDeclaredLater(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := unique(t)
	a.policy(queue, map[string]any{"max-length": 2})
	_, err := s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
	if got := s.takes(queue); got != 2 {
		t.Errorf("the queue keeps %d messages, want 2", got)
	}
}

func TestPolicyIsNoPartOfTheDeclaration(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := s.queue(nil)
	a.policy(queue, map[string]any{"max-length": 2, "message-ttl": 1000})
	_, err := s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
}

func TestOfArgumentAndPolicyTheSmallerLengthHolds(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	for argument, want := range map[int32]int{1: 1, 2: 2, 5: 3} {
		queue := unique(t)
		a.policy(queue, map[string]any{"max-length": 3})
		_, err := s.QueueDeclare(queue, false, false, true, false, amqp.Table{"x-max-length": argument})
		s.ok(err)
		if got := s.takes(queue); got != want {
			t.Errorf("argument %d and policy 3: the queue keeps %d messages, want %d", argument, got, want)
		}
	}
}

func TestOfUserAndOperatorTheSmallerLengthHolds(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	for user, want := range map[int]int{2: 2, 5: 3} {
		queue := unique(t)
		a.policy(queue, map[string]any{"max-length": user})
		a.operatorPolicy(queue, map[string]any{"max-length": 3})
		_, err := s.QueueDeclare(queue, false, false, true, false, nil)
		s.ok(err)
		if got := s.takes(queue); got != want {
			t.Errorf("user %d and operator 3: the queue keeps %d messages, want %d", user, got, want)
		}
	}
}

func TestPoliciesOfUserAndOperatorAddUp(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := unique(t)
	a.policy(queue, map[string]any{"overflow": "reject-publish"})
	a.operatorPolicy(queue, map[string]any{"max-length": 1})
	_, err := s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
	s.confirm()
	first := s.confirmed("", queue, amqp.Publishing{})
	second := s.confirmed("", queue, amqp.Publishing{})
	if !first || second {
		t.Errorf("confirmed %v and %v, want only the first", first, second)
	}
}

func TestPolicyOfTheHighestPriorityHolds(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := unique(t)
	for priority, length := range []int{4, 1, 3} {
		a.policyWith("policies", map[string]any{
			"pattern": "^" + regexp.QuoteMeta(queue) + "$", "priority": priority % 2, "definition": map[string]any{"max-length": length},
		})
	}
	_, err := s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
	if got := s.takes(queue); got != 1 {
		t.Errorf("the queue keeps %d messages, want 1", got)
	}
}

func TestClearedPolicyHoldsNoMore(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := unique(t)
	name := a.policy(queue, map[string]any{"max-length": 1})
	_, err := s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
	if got := s.takes(queue); got != 1 {
		t.Errorf("the queue keeps %d messages, want 1", got)
	}
	a.clear("policies", name)
	eventually(t, "the queue to keep more", func() bool { return s.takes(queue) > 1 })
}

func TestPolicyOfTimeToLive(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := unique(t)
	a.policy(queue, map[string]any{"message-ttl": 0})
	_, err := s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
	if got := s.takes(queue); got != 0 {
		t.Errorf("the queue keeps %d messages, want none", got)
	}
}

func TestPolicyOfExpiry(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue, witness := s.leased(nil)
	a.policy(queue, map[string]any{"expires": 50})
	s.gone(witness)
	s.missing(queue)
}

func TestPolicyOfDeadLetters(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	dead, queue := s.queue(nil), unique(t)
	a.policy(queue, map[string]any{"dead-letter-exchange": "", "dead-letter-routing-key": dead})
	_, err := s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
	s.publish("", queue, "m")
	s.ok(s.get(queue).Reject(false))
	s.wantReady(dead, 1)
}

func TestArgumentsOfDeadLettersComeBeforeThePolicy(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	dead, other, queue := s.queue(nil), s.queue(nil), unique(t)
	a.policy(queue, map[string]any{"dead-letter-exchange": "amq.fanout", "dead-letter-routing-key": other})
	_, err := s.QueueDeclare(queue, false, false, true, false, amqp.Table{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead})
	s.ok(err)
	s.publish("", queue, "m")
	s.ok(s.get(queue).Reject(false))
	s.wantReady(dead, 1)
	s.wantDrain(other, "")
}

func TestPolicyOfAnAlternateExchange(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	x, spare := s.exchange("direct", nil), s.exchange("fanout", nil)
	queue := s.bound(spare, "", nil)
	a.policy(x, map[string]any{"alternate-exchange": spare})
	eventually(t, "the alternate exchange to get messages", func() bool {
		s.publish(x, "nobody's", "m")
		return s.drain(queue) != ""
	})
}

func TestAlternateExchangeOfAnArgumentComesBeforeThePolicy(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	spare, other, x := s.exchange("fanout", nil), s.exchange("fanout", nil), s.exchangeName()
	one, two := s.bound(spare, "", nil), s.bound(other, "", nil)
	a.policy(x, map[string]any{"alternate-exchange": other})
	s.ok(s.ExchangeDeclare(x, "direct", false, false, false, false, amqp.Table{"alternate-exchange": spare}))
	s.publish(x, "nobody's", "m")
	s.wantDrain(one, "m")
	s.wantDrain(two, "")
}

func TestPolicyForExchangesIsNoneForQueues(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := unique(t)
	a.policyWith("policies", map[string]any{
		"pattern": "^" + regexp.QuoteMeta(queue) + "$", "apply-to": "exchanges", "definition": map[string]any{"max-length": 1},
	})
	_, err := s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
	if got := s.takes(queue); got != 6 {
		t.Errorf("the queue keeps %d messages, want all 6", got)
	}
}

func TestPolicyThatAQueueCannotFollowIsNone(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := unique(t)
	a.policy(queue, map[string]any{"max-length": 1, "delivery-limit": 3})
	_, err := s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
	if got := s.takes(queue); got != 6 {
		t.Errorf("the queue keeps %d messages, want all 6", got)
	}
}

func TestPolicyNeedsToMatchPartOfTheNameOnly(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := unique(t)
	a.policyWith("policies", map[string]any{"pattern": regexp.QuoteMeta(queue[2:]), "definition": map[string]any{"max-length": 1}})
	_, err := s.QueueDeclare(queue, false, false, true, false, nil)
	s.ok(err)
	if got := s.takes(queue); got != 1 {
		t.Errorf("the queue keeps %d messages, want 1", got)
	}
}

func TestPoliciesSurvive(t T) {
	s := beforeRestart(t)
	a := administer(t)
	queue := s.shared(nil)
	a.policy(queue, map[string]any{"max-length": 1})

	s = afterRestart(t)
	if got := s.takes(queue); got != 1 {
		t.Errorf("the queue keeps %d messages, want 1", got)
	}
}

func TestPolicyOfADeliveryLimit(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := s.quorum(nil)
	a.policy(queue, map[string]any{"delivery-limit": 1})
	s.fill(queue, "a", "b")
	s.ok(s.soon(queue).Nack(false, true))
	s.wantReady(queue, 2)
	s.ok(s.soon(queue).Nack(false, true))
	s.wantCounts(queue, "b")
}

func TestPolicyOfOverflowComesBeforeTheArgumentOfAQuorumQueue(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := s.quorum(amqp.Table{"x-max-length": int32(1), "x-overflow": "reject-publish"})
	a.policy(queue, map[string]any{"overflow": "drop-head"})
	s.fill(queue, "a", "b", "c", "d", "e")
	s.wantReady(queue, 1)
	s.wantCounts(queue, "e")
}

func TestPolicyOfADeadLetterStrategy(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	dead := s.queue(nil)
	queue := s.quorum(deadLettering(dead, amqp.Table{"x-overflow": "reject-publish"}))
	a.policy(queue, map[string]any{"dead-letter-strategy": "at-least-once"})
	s.fill(queue, "a")
	s.ok(s.soon(queue).Reject(false))
	s.wantReady(dead, 1)
}

func TestPolicyMayBeForOneTypeOfQueues(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	if !always(t, "3.12", "apply-to names types of queues") {
		t.Skip("not known in this version")
	}
	prefix := unique(t)
	for _, kind := range []string{"classic", "quorum"} {
		name := prefix + kind
		t.Cleanup(func() { drop(t, func(ch *amqp.Channel) { ch.QueueDelete(name, false, false, false) }) })
		_, err := s.QueueDeclare(name, true, false, false, false, ofType(kind, nil))
		s.ok(err)
	}
	a.policyWith("policies", map[string]any{"pattern": "^" + prefix, "definition": map[string]any{"max-length": 1}, "apply-to": "quorum_queues"})
	s.confirm()
	s.fill(prefix+"classic", "a", "b")
	s.fill(prefix+"quorum", "a", "b")
	s.wantReady(prefix+"classic", 2)
	s.wantReady(prefix+"quorum", 1)
}

func TestPolicyKeysThatMeanNothingAreAccepted(t T) {
	t.Parallel()
	a, s := administer(t), open(t)
	queue := s.queue(nil)
	a.policy(queue, map[string]any{"queue-mode": "default", "queue-version": 2, "max-length": 1})
	s.publish("", queue, "a", "b")
	s.wantReady(queue, 1)
	quorum := s.quorum(nil)
	a.policy(quorum, map[string]any{"max-in-memory-length": 5, "max-in-memory-bytes": 5, "max-length-bytes": 1})
	s.fill(quorum, "a", "b")
	s.wantReady(quorum, 1)
}
