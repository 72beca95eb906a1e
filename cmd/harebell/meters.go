package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/certificate"
	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/management"
	"github.com/harebellmq/harebell/internal/metrics"
	"github.com/harebellmq/harebell/store/badger"
	"github.com/harebellmq/harebell/vhost"
)

// metricsTLSPort is where metrics are with TLS, unless something else is said.
const metricsTLSPort = "15691"

// meters are where Prometheus may come.
type meters struct {
	plain, secure net.Listener        // nil for none
	certificates  *certificate.Keeper // nil without TLS
}

// listenMetrics opens the addresses of metrics, or none.
func listenMetrics(p config.Prometheus) (m meters, err error) {
	if m.plain, err = listenPage(p.Listen, "for Prometheus", "--prometheus-listen"); err != nil {
		return m, err
	}
	if err := m.listenTLS(p); err != nil {
		return m, errors.Join(err, closeAll([]net.Listener{m.plain}))
	}
	return m, nil
}

func (m *meters) listenTLS(p config.Prometheus) error {
	switch {
	case !p.TLS.Given() && (p.TLSListen != "" || p.TLS.Key != "" || p.TLS.Authorities != "" || p.TLS.Verify || p.TLS.Require):
		return errors.New("prometheus.ssl settings without a certificate mean nothing: want --prometheus-tls-cert too")
	case !p.TLS.Given():
		return nil
	case p.TLS.Require && !p.TLS.Verify:
		return errors.New("--prometheus-tls-fail-if-no-peer-cert: want --prometheus-tls-verify verify_peer too, or nobody is asked for one")
	}
	files, err := certificateFiles(p.TLS)
	if err != nil {
		return err
	}
	if m.certificates, err = certificate.Open(files); err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(p.TLSListen) // it was checked, or is empty
	if port == "" {
		port = metricsTLSPort
	}
	l, err := listenPage(net.JoinHostPort(host, port), "for Prometheus", "--prometheus-tls-listen")
	if err != nil {
		return err
	}
	m.secure = tls.NewListener(l, m.certificates.Config())
	return nil
}

// all returns all listeners, with their protocols.
//
// rabbitmq: the names by which the management API lists them
func (m *meters) all() iter.Seq2[string, net.Listener] {
	return func(yield func(string, net.Listener) bool) {
		if m.plain != nil && !yield("http/prometheus", m.plain) {
			return
		}
		if m.secure != nil {
			yield("https/prometheus", m.secure)
		}
	}
}

func (m *meters) close() error { return closeAll([]net.Listener{m.plain, m.secure}) }

// metered is what metrics are told of the broker. The management API is asked who has
// come to it.
func metered(c config.Config, log zerolog.Logger, srv *server.Server, w *watches, manager *management.Server) metrics.Options {
	o := metrics.Options{
		Node: node(c), Log: log, Path: c.Prometheus.Path, PerObject: c.Prometheus.PerObject, Authenticate: c.Prometheus.Authenticate,
		Memory: w.memory, Disk: w.disk, HTTPAttempts: manager.Attempts,
	}
	if !c.Memory {
		o.DataDir = c.DataDir
		o.IO = func() metrics.IO {
			disk, _ := srv.Store.(*badger.Store)
			return metrics.IO(disk.IO())
		}
	}
	return o
}

// nameCluster gives the broker a name that no other has, unless it has one.
//
// rabbitmq: the value looks like that
func nameCluster(vhosts *vhost.Registry) error {
	if vhosts.Global(metrics.ClusterID) != nil {
		return nil
	}
	if _, err := vhosts.SetGlobal(metrics.ClusterID, vhost.ServerName("rabbitmq-cluster-id-")); err != nil {
		return fmt.Errorf("name the cluster: %w", err)
	}
	return nil
}
