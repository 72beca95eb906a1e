package main

import (
	"fmt"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/amqp/server"
	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/management"
	"github.com/harebellmq/harebell/internal/metrics"
	"github.com/harebellmq/harebell/store/badger"
	"github.com/harebellmq/harebell/vhost"
)

// metered is what metrics are told of the broker. The management API is asked who has
// come to it.
func metered(c config.Config, log zerolog.Logger, srv *server.Server, w *watches, manager *management.Server) metrics.Options {
	o := metrics.Options{
		Node: c.NodeName(), Log: log, Path: c.Prometheus.Path, PerObject: c.Prometheus.PerObject, Authenticate: c.Prometheus.Authenticate,
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
