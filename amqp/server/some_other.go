//go:build !unix

package server

import "net"

func writeSome(net.Conn) func([]byte) int { return nil }
