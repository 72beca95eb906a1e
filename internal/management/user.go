package management

import (
	"errors"
	"slices"

	"github.com/harebellmq/harebell/internal/auth"
	"github.com/harebellmq/harebell/store"
)

func (s *Server) listUsers(c *call) error {
	return c.listPaged(all(s.users.All()))
}

func (s *Server) listUsersWithoutPermissions(c *call) error {
	return c.list(all(s.users.WithoutPermissions()))
}

func (s *Server) getUser(c *call) error {
	user, ok := s.users.Get(c.name("user"))
	if !ok {
		return errNotFound
	}
	return c.answer(user)
}

// putUser makes or changes a user. Without a password, or the hash of one, the
// user has none.
func (s *Server) putUser(c *call) error {
	b, err := c.body()
	if err != nil {
		return err
	}
	user, err := b.user(c.name("user"))
	if err != nil {
		return err
	}
	created, err := s.users.Put(c.user.Name, user)
	if err != nil {
		return refuseUser(user, err)
	}
	return c.done(created)
}

// refuseUser makes the refusal of an error in making a user.
func refuseUser(user auth.User, err error) error {
	switch {
	case errors.Is(err, auth.ErrHash):
		return badRequest("not_base64", user.Hash)
	case isMistake(err):
		return badRequest(err.Error())
	}
	return err
}

// user makes a user of a body.
func (b body) user(name string) (auth.User, error) {
	switch {
	case !b.has("tags"):
		return auth.User{}, badRequest("tags_not_present")
	case b.has("password") && b.has("password_hash"):
		return auth.User{}, badRequest("both_password_and_password_hash_are_provided")
	}
	tags, err := b.tags()
	if err != nil {
		return auth.User{}, err
	}
	texts, err := b.texts("password", "password_hash", "hashing_algorithm")
	if err != nil {
		return auth.User{}, err
	}
	user := auth.User{Name: name, Hash: texts[1], Algorithm: texts[2], Tags: tags}
	if b.has("password") {
		user = user.WithPassword(texts[0])
	}
	return user, nil
}

// isMistake reports whether an error of auth is the administrator's, who is told
// what would be right.
func isMistake(err error) bool {
	return slices.ContainsFunc([]error{auth.ErrAlgorithm, auth.ErrName, store.ErrTooLarge}, func(mistake error) bool {
		return errors.Is(err, mistake)
	})
}

// hashPassword answers with the hash that a password may have in definitions.
func (s *Server) hashPassword(c *call) error {
	return c.write(struct {
		OK string `json:"ok"`
	}{auth.User{}.WithPassword(c.name("password")).Hash})
}

func (s *Server) deleteUser(c *call) error {
	err := s.users.Delete(c.user.Name, c.name("user"))
	switch {
	case errors.Is(err, auth.ErrNoUser):
		return errNotFound
	case err != nil:
		return err
	}
	return c.done(false)
}

// deleteUsers deletes several users, up to one who is not there.
func (s *Server) deleteUsers(c *call) error {
	b, err := c.body("users")
	if err != nil {
		return err
	}
	names, err := b.list("users")
	if err != nil {
		return err
	}
	for _, name := range names {
		err := s.users.Delete(c.user.Name, name)
		switch {
		case errors.Is(err, auth.ErrNoUser):
			return badRequest("no_such_user", name)
		case err != nil:
			return err
		}
	}
	return c.done(false)
}
