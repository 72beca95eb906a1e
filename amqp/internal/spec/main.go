// Command spec writes methods_gen.go of package amqp from the specification's
// XML, which lies beside it. Run it with go generate in amqp.
package main

import (
	_ "embed"
	"fmt"
	"os"
)

//go:embed amqp0-9-1.stripped.extended.xml
var specification []byte

func main() {
	source, err := generate(specification)
	if err == nil {
		err = os.WriteFile("methods_gen.go", source, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "spec:", err)
		os.Exit(1)
	}
}
