package management

import (
	"net/http"

	"github.com/harebellmq/harebell/internal/auth"
)

// A rule says who may use a resource: it returns the refusal of those who may not.
//
// rabbitmq: management < policymaker, monitoring < administrator
type rule func(*call) error

// managers are all who may use the API at all.
func managers(c *call) error {
	if !c.user.Has(auth.Management, auth.Policymaker, auth.Monitoring, auth.Administrator) {
		return notAuthorised("Not management user")
	}
	return nil
}

func administrators(c *call) error {
	if err := managers(c); err != nil {
		return err
	}
	if !c.user.Has(auth.Administrator) {
		return notAuthorised("Not administrator user")
	}
	return nil
}

// visitors are those who may see the virtual host of the path. One that is not
// there they may look for.
func visitors(c *call) error {
	if err := managers(c); err != nil {
		return err
	}
	if name := c.name("vhost"); c.server.vhosts.Has(name) && !c.sees(name) {
		return notAuthorised("User not authorised to access virtual host")
	}
	return nil
}

// policymakers are those who may say what holds for the queues of the virtual host of
// the path.
func policymakers(c *call) error {
	if err := visitors(c); err != nil {
		return err
	}
	if !c.user.Has(auth.Policymaker, auth.Administrator) {
		return notAuthorised("Not policymaker user")
	}
	return nil
}

// sees reports whether the user may know of a virtual host.
func (c *call) sees(vhost string) bool {
	if c.user.Has(auth.Monitoring, auth.Administrator) {
		return true
	}
	return c.identity.MayEnter(vhost)
}

// monitors are those who may see what concerns the whole broker.
func monitors(c *call) error {
	if err := managers(c); err != nil {
		return err
	}
	if !c.user.Has(auth.Monitoring, auth.Administrator) {
		return notAuthorised("Not monitor user")
	}
	return nil
}

// owners are the user of the connection of the path, administrators and, to look,
// monitors. One that is not there they may look for.
func owners(c *call) error {
	if err := managers(c); err != nil {
		return err
	}
	owner, found := c.server.owner(c.name("connection"))
	if !found || owner == c.user.Name || c.user.Has(auth.Administrator) || c.Method != http.MethodDelete && c.user.Has(auth.Monitoring) {
		return nil
	}
	return notAuthorised("User not authorised to access object")
}
