// Package ui holds no code, only a test that uses the pages of the management API as a
// person does: Chromium without a window, against the program itself, under the build tag
// "ui". README.md says how.
package ui
