//go:build !unix

package server

func isTooManyFiles(error) bool { return false }

func isReset(error) bool { return false }
