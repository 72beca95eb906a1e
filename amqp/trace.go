package amqp

import "fmt"

func appendTraceValue(dst []byte, v any) []byte { return fmt.Append(dst, v) }
