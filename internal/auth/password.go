package auth

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
)

// The ways to hash a password, by RabbitMQ's names. New passwords are hashed with
// SHA256; the others come with users from elsewhere.
const (
	SHA256 = "rabbit_password_hashing_sha256"
	SHA512 = "rabbit_password_hashing_sha512"
	MD5    = "rabbit_password_hashing_md5"
)

// digest returns the function of that name, or nil.
func digest(algorithm string) func(octets []byte) []byte {
	switch algorithm {
	case SHA256:
		return func(b []byte) []byte { d := sha256.Sum256(b); return d[:] }
	case SHA512:
		return func(b []byte) []byte { d := sha512.Sum512(b); return d[:] }
	case MD5:
		return func(b []byte) []byte { d := md5.Sum(b); return d[:] }
	}
	return nil
}

// saltLength is how many octets of a hash are salt.
const saltLength = 4

// hashPassword returns the SHA256 hash of a password:
//
//	base64( salt ‖ SHA-256( salt ‖ password ) )
//
// rabbitmq: the form in which definitions carry passwords.
func hashPassword(password string) string {
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails
	return base64.StdEncoding.EncodeToString(salted(digest(SHA256), salt, password))
}

// salted returns the salt and behind it the digest of salt and password.
func salted(digest func([]byte) []byte, salt []byte, password string) []byte {
	return append(salt[:saltLength:saltLength], digest(append(salt[:saltLength:saltLength], password...))...)
}

// matches reports whether a hash is that of a password. An empty hash is nobody's.
func matches(hash, algorithm, password string) bool {
	octets, err := base64.StdEncoding.DecodeString(hash)
	d := digest(algorithm)
	if err != nil || d == nil || len(octets) < saltLength {
		return false
	}
	return subtle.ConstantTimeCompare(octets, salted(d, octets, password)) == 1
}
