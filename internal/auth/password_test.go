package auth

import (
	"encoding/base64"
	"testing"
)

func TestHashesOfRabbitMQ(t *testing.T) {
	const guest = "IlkGH+PPzbGVZqLMnrgqng5V+7O2b3QhisHsKHdKuTU6poJE"
	tests := []struct {
		name                      string
		hash, algorithm, password string
		want                      bool
	}{
		{"SHA-256", guest, SHA256, "guest", true},
		{"SHA-512", "7WoNOSlBfYkdPkZ0hZ2N+Tbiv5M7Hz6v5aSbJ147c/g79KlMwFqpLxM57eITzdRbZto5tx2O56y2XJ8dkXGpscVjNKs=", SHA512, "guest", true},
		{"MD5", "K/qQRsBQ0VpZobsHc4W7TCkD63c=", MD5, "guest", true},
		{"another password", guest, SHA256, "Guest", false},
		{"a longer password", guest, SHA256, "guestguest", false},
		{"another algorithm", guest, SHA512, "guest", false},
		{"an unknown algorithm", guest, "rot13", "guest", false},
		{"no hash", "", SHA256, "", false},
		{"shorter than the salt", "AAA=", SHA256, "guest", false},
		{"nothing but salt", "AAAAAA==", SHA256, "guest", false},
		{"no base64", "guest", SHA256, "guest", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := matches(test.hash, test.algorithm, test.password); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestNewHashes(t *testing.T) {
	a, b := hashPassword("grüße"), hashPassword("grüße")
	if a == b {
		t.Error("two hashes have the same salt")
	}
	for _, hash := range []string{a, b} {
		octets, err := base64.StdEncoding.DecodeString(hash)
		if err != nil || len(octets) != 36 {
			t.Errorf("got %d octets, error %v, want 36", len(octets), err)
		}
		if !matches(hash, SHA256, "grüße") || matches(hash, SHA256, "gruesse") {
			t.Errorf("%s does not tell passwords apart", hash)
		}
	}
}
