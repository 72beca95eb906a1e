package config

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// The places for files, from the root on.
const (
	ownFile       = "etc/harebell/harebell.conf"
	rabbitFile    = "etc/rabbitmq/rabbitmq.conf"
	rabbitFiles   = "etc/rabbitmq/conf.d"
	rabbitStrange = "etc/rabbitmq/advanced.config" // in Erlang
)

// FoundFiles returns the files to read, in this order, if the operator names none:
// Harebell's own, or else RabbitMQ's where RabbitMQ would read them, which variables
// of its environment may change. root is the root of the file system.
//
// rabbitmq: rabbitmq.conf, then conf.d by name
func FoundFiles(root fs.FS, lookup func(name string) (string, bool)) ([]string, error) {
	main, mainGiven := given(lookup, "RABBITMQ_CONFIG_FILE")
	more, moreGiven := given(lookup, "RABBITMQ_CONFIG_FILES")
	if !mainGiven && !moreGiven && isFile(root, ownFile) {
		return []string{"/" + ownFile}, nil
	}
	var found []string
	switch {
	case mainGiven && !strings.HasSuffix(main, ".conf"):
		found = append(found, main+".conf") // rabbitmq: it may be left out
	case mainGiven:
		found = append(found, main)
	case isFile(root, rabbitFile):
		found = append(found, "/"+rabbitFile)
	}
	pattern := path.Join(rabbitFiles, "*.conf")
	if moreGiven {
		if pattern = strings.TrimPrefix(path.Clean(more), "/"); isDirectory(root, pattern) {
			pattern = path.Join(pattern, "*.conf")
		}
	}
	others, err := fs.Glob(root, pattern)
	if err != nil {
		return nil, fmt.Errorf("RABBITMQ_CONFIG_FILES=%s: want a directory, or a pattern such as /etc/rabbitmq/conf.d/*.conf", more)
	}
	slices.Sort(others)
	for _, other := range others {
		found = append(found, "/"+other)
	}
	return found, nil
}

// Strange returns the files of RabbitMQ's that are there and mean nothing here.
func Strange(root fs.FS) []string {
	if isFile(root, rabbitStrange) {
		return []string{"/" + rabbitStrange}
	}
	return nil
}

// given returns a variable that is set and not empty.
func given(lookup func(name string) (string, bool), name string) (string, bool) {
	value, ok := lookup(name)
	return value, ok && value != ""
}

func isFile(root fs.FS, name string) bool {
	info, err := fs.Stat(root, name)
	return err == nil && !info.IsDir()
}

func isDirectory(root fs.FS, name string) bool {
	info, err := fs.Stat(root, name)
	return err == nil && info.IsDir()
}
