package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"

	"github.com/harebellmq/harebell/internal/config"
	"github.com/harebellmq/harebell/internal/control"
	"github.com/harebellmq/harebell/internal/management"
)

// controlSocket is where the broker of these settings has its control socket, "" for
// nowhere. It is in the data directory. A broker that has none goes by its port, in the
// directory for such things of who runs it.
func controlSocket(c config.Config) string {
	switch {
	case c.ControlSocket == config.NoSocket:
		return ""
	case c.ControlSocket != "":
		return c.ControlSocket
	case !c.Memory:
		return filepath.Join(c.DataDir, control.Name)
	}
	address, _ := firstAddress(c)
	_, port, _ := net.SplitHostPort(address) // it was checked
	if port == "0" {
		return "" // nobody could find it
	}
	return filepath.Join(runtimeDir(), "harebell-"+port+".sock")
}

// runtimeDir is for sockets of who runs the program.
func runtimeDir() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return dir
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("harebell-%d", os.Geteuid()))
}

// listenControl opens the control socket, nil for none. One that the operator has asked
// for must be had; without the usual one the broker does its work all the same.
func listenControl(c config.Config, log zerolog.Logger) (net.Listener, error) {
	path := controlSocket(c)
	if path == "" {
		return nil, nil
	}
	var err error
	if c.ControlSocket == "" && c.Memory {
		err = privateDir(filepath.Dir(path))
	}
	var l net.Listener
	if err == nil {
		l, err = control.Listen(path)
	}
	switch {
	case err == nil:
		log.Info().Str("path", path).Msg("control socket listening")
	case c.ControlSocket != "":
		return nil, fmt.Errorf("control_socket: %w; --control-socket sets another path, or none", err)
	default:
		log.Warn().Err(err).Msg("no control socket, so rabbitmqctl cannot reach this broker: --control-socket sets another path, or none")
	}
	return l, nil
}

// privateDir makes a directory that is for nobody else.
func privateDir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return control.Private(dir)
}

// changeLogLevel sets from which level on to log, in the words of the settings. It
// reports false for a level that there is none of.
func changeLogLevel(level string) bool {
	s := config.Defaults()
	if s.SetFlag("log-level", level) != nil {
		return false
	}
	setLogLevel(s.Config().LogLevel)
	return true
}

// settings are those that were read last, for who asks by the control socket.
func (r *reloader) settings() []management.Setting {
	latest := r.current()
	if latest == nil {
		return nil
	}
	var shown []management.Setting
	for _, s := range latest.All() {
		shown = append(shown, management.Setting{Key: s.Key, Value: s.Value, Origin: s.Origin, Line: s.Line()})
	}
	return shown
}
