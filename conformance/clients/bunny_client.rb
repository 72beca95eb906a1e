# Bunny, the Ruby client.
require 'bunny'

def check(condition, message)
  raise message unless condition
end

def publish_with_confirm_and_consume_with_ack(connection)
  channel = connection.create_channel
  queue = channel.queue('', exclusive: true)
  channel.confirm_select
  %w[one two].each { |body| queue.publish(body, mandatory: true) }
  check channel.wait_for_confirms, 'not confirmed'
  bodies = Queue.new # of Ruby, from the thread of the consumer to this one
  queue.subscribe(manual_ack: true) do |delivery, _, body|
    channel.ack(delivery.delivery_tag)
    bodies << body
  end
  got = [bodies.pop, bodies.pop]
  check got == %w[one two], "got #{got}"
  channel.close
  left = connection.create_channel.queue(queue.name, passive: true).message_count
  check left.zero?, 'acked messages came back'
end

# Calls a service that answers in capitals, over the given reply queue.
def rpc(connection, reply_queue)
  server = connection.create_channel
  service = server.queue('', exclusive: true)
  service.subscribe do |_, properties, body|
    server.default_exchange.publish(body.upcase, routing_key: properties.reply_to,
                                                 correlation_id: properties.correlation_id)
  end

  client = connection.create_channel
  reply_queue = client.queue('', exclusive: true).name if reply_queue.empty?
  replies = Queue.new
  client.basic_consume(reply_queue, '', true) do |_, properties, body|
    replies << [properties.correlation_id, body]
  end
  client.default_exchange.publish('hello', routing_key: service.name, reply_to: reply_queue,
                                           correlation_id: 'call 1')
  got = replies.pop
  check got == ['call 1', 'HELLO'], "got #{got}"
  client.close
  server.close
end

def rpc_over_an_exclusive_queue(connection)
  rpc(connection, '')
end

def rpc_over_direct_reply_to(connection)
  rpc(connection, 'amq.rabbitmq.reply-to')
end

def requeued_message_is_redelivered(connection)
  channel = connection.create_channel
  queue = channel.queue('', exclusive: true)
  channel.confirm_select
  queue.publish('again')
  channel.wait_for_confirms
  first, = queue.pop(manual_ack: true)
  check !first.redelivered?, 'redelivered at first'
  channel.nack(first.delivery_tag, false, true)
  second, _, body = queue.pop(manual_ack: true)
  check second.redelivered? && body == 'again', "got #{second} #{body}"
  channel.ack(second.delivery_tag)
  channel.close
end

def unroutable_message_is_returned(connection)
  channel = connection.create_channel
  channel.confirm_select
  exchange = channel.default_exchange
  returned = Queue.new
  exchange.on_return { |info, _, body| returned << [info.reply_code, body] }
  exchange.publish('nowhere', routing_key: 'no such queue', mandatory: true)
  check channel.wait_for_confirms, 'not confirmed'
  got = returned.pop
  check got == [312, 'nowhere'], "got #{got}"
  channel.close
end

def full_queue_refuses_a_message(connection)
  channel = connection.create_channel
  full = { 'x-max-length' => 1, 'x-overflow' => 'reject-publish' }
  queue = channel.queue('', exclusive: true, arguments: full)
  channel.confirm_select
  queue.publish('one')
  queue.publish('two')
  check !channel.wait_for_confirms, 'a full queue accepted a message'
  check channel.nacked_set.to_a == [2], "refused #{channel.nacked_set.to_a}"
  _, _, body = queue.pop
  check body == 'one', "got #{body}"
  channel.close
end

def other_arguments_are_refused(connection)
  channel = connection.create_channel
  begin
    channel.exchange_declare('amq.topic', 'fanout', durable: true)
    raise 'an exchange changed its type'
  rescue Bunny::PreconditionFailed => e
    check e.message.include?("inequivalent arg 'type'"), e.message
  end
  check channel.closed? && connection.open?, 'closed too little or too much'
end

def connection_is_opened_anew_after_an_error(connection)
  broken = connect
  channel = broken.create_channel
  queue = channel.queue('', exclusive: true)
  begin
    2.times { channel.basic_consume(queue, 'same') }
    raise 'a consumer tag was used twice'
  rescue Bunny::NotAllowedError => e
    check e.connection_close.reply_code == 530, e.message
  end
  again = connect
  again.create_channel.queue('', exclusive: true)
  again.close
  check connection.open?, 'the other connection is closed, too'
end

def missing_queue_closes_the_channel_only(connection)
  channel = connection.create_channel
  begin
    channel.queue('no such queue', passive: true)
    raise 'a missing queue was found'
  rescue Bunny::NotFound => e
    check e.channel_close.reply_code == 404, e.message
  end
  check channel.closed? && connection.open?, 'closed too little or too much'
  connection.create_channel.queue('', exclusive: true)
end

def connect
  Bunny.new(ENV.fetch('AMQP_URL'), automatically_recover: false, recover_from_connection_close: false).start
end

connection = connect
%i[
  publish_with_confirm_and_consume_with_ack
  rpc_over_an_exclusive_queue
  rpc_over_direct_reply_to
  requeued_message_is_redelivered
  unroutable_message_is_returned
  full_queue_refuses_a_message
  other_arguments_are_refused
  missing_queue_closes_the_channel_only
  connection_is_opened_anew_after_an_error
].each do |step|
  send(step, connection)
  puts "ok #{step}"
end
connection.close
