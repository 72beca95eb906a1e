// Package clients holds no code, only short programs that use a broker through
// the client libraries of other languages, and a test that runs them under the
// build tag "clients". README.md says how.
package clients
