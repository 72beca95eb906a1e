package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// rabbitVariables are RabbitMQ's, and what they set.
var rabbitVariables = []struct{ name, key string }{
	{"RABBITMQ_DEFAULT_USER", "default_user"},
	{"RABBITMQ_DEFAULT_PASS", "default_pass"},
	{"RABBITMQ_DEFAULT_VHOST", "default_vhost"},
	{"RABBITMQ_NODENAME", "nodename"},
	{"RABBITMQ_NODE_PORT", "listeners.tcp.default"},
}

// strangeVariables are those of RabbitMQ's that mean nothing here.
var strangeVariables = []string{
	"RABBITMQ_ADVANCED_CONFIG_FILE", "RABBITMQ_CONF_ENV_FILE", "RABBITMQ_DIST_PORT", "RABBITMQ_ENABLED_PLUGINS",
	"RABBITMQ_ENABLED_PLUGINS_FILE", "RABBITMQ_ERLANG_COOKIE", "RABBITMQ_FEATURE_FLAGS", "RABBITMQ_LOG_BASE",
	"RABBITMQ_MNESIA_BASE", "RABBITMQ_MNESIA_DIR", "RABBITMQ_PID_FILE", "RABBITMQ_PLUGINS_DIR", "RABBITMQ_SCHEDULER_BIND_TYPE",
	"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "RABBITMQ_SERVER_ERL_ARGS", "RABBITMQ_USE_LONGNAME",
}

// refusedVariables are those that RabbitMQ's image does not start with, and the
// settings to use instead.
//
// rabbitmq: they were deprecated with 3.9
var refusedVariables = []struct{ name, instead string }{
	{"RABBITMQ_DEFAULT_PASS_FILE", "default_pass"},
	{"RABBITMQ_DEFAULT_USER_FILE", "default_user"},
	{"RABBITMQ_MANAGEMENT_SSL_CACERTFILE", "management.ssl.cacertfile"},
	{"RABBITMQ_MANAGEMENT_SSL_CERTFILE", "management.ssl.certfile"},
	{"RABBITMQ_MANAGEMENT_SSL_DEPTH", "management.ssl.depth"},
	{"RABBITMQ_MANAGEMENT_SSL_FAIL_IF_NO_PEER_CERT", "management.ssl.fail_if_no_peer_cert"},
	{"RABBITMQ_MANAGEMENT_SSL_KEYFILE", "management.ssl.keyfile"},
	{"RABBITMQ_MANAGEMENT_SSL_VERIFY", "management.ssl.verify"},
	{"RABBITMQ_SSL_CACERTFILE", "ssl_options.cacertfile"},
	{"RABBITMQ_SSL_CERTFILE", "ssl_options.certfile"},
	{"RABBITMQ_SSL_DEPTH", "ssl_options.depth"},
	{"RABBITMQ_SSL_FAIL_IF_NO_PEER_CERT", "ssl_options.fail_if_no_peer_cert"},
	{"RABBITMQ_SSL_KEYFILE", "ssl_options.keyfile"},
	{"RABBITMQ_SSL_VERIFY", "ssl_options.verify"},
	{"RABBITMQ_VM_MEMORY_HIGH_WATERMARK", "vm_memory_high_watermark.relative"},
}

// readRabbitEnvironment takes over the variables that RabbitMQ and its image know.
// Any other that begins so is left alone: Kubernetes makes some of its own for a
// service of that name.
func (s *Settings) readRabbitEnvironment(lookup func(name string) (string, bool)) error {
	var mistakes []error
	for _, v := range refusedVariables {
		if _, ok := given(lookup, v.name); ok {
			mistakes = append(mistakes, fmt.Errorf("%s is set but deprecated: want %s in a file of settings", v.name, v.instead))
		}
	}
	for _, v := range rabbitVariables {
		if value, ok := given(lookup, v.name); ok {
			k := keyOf(v.key)
			mistakes = append(mistakes, s.set(k, k.split(value), v.name, v.name+"="))
		}
	}
	if to, ok := given(lookup, "RABBITMQ_LOGS"); ok {
		if to == "-" { // rabbitmq: standard output
			mistakes = append(mistakes, s.set(keyOf("log.console.stdio"), []string{"stdout"}, "RABBITMQ_LOGS", "RABBITMQ_LOGS="))
		} else {
			s.ignored = append(s.ignored, Setting{Key: "RABBITMQ_LOGS", Value: to, Origin: "environment"})
		}
	}
	for _, name := range strangeVariables {
		if _, ok := given(lookup, name); ok {
			s.ignored = append(s.ignored, Setting{Key: name, Origin: "environment"}) // its value may be secret
		}
	}
	return errors.Join(mistakes...)
}

// keyOf returns the key of a name that there is.
func keyOf(name string) *key {
	return keys[slices.IndexFunc(keys, func(k *key) bool { return k.name == name })]
}

// parseNodeName reads "name@host", or a name alone for this host.
func parseNodeName(dst *string, v string) bool {
	*dst = v
	name, host, whole := strings.Cut(v, "@")
	return name != "" && (!whole || host != "") && !strings.ContainsAny(v, " \t'\"")
}
