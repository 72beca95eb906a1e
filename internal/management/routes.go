package management

import "github.com/harebellmq/harebell/internal/policy"

// resources is the table of the API.
func (s *Server) resources() []resource {
	user, operator := policies{s, policy.User}, policies{s, policy.Operator}
	return []resource{
		{path: "/api/whoami", who: managers, get: s.whoami},

		{path: "/api/vhosts", who: managers, get: s.listVHosts},
		{path: "/api/vhosts/{vhost}", who: administrators, get: s.getVHost, put: s.putVHost, delete: s.deleteVHost},
		{path: "/api/vhosts/{vhost}/permissions", who: administrators, get: s.vhostPermissions},
		{path: "/api/vhosts/{vhost}/topic-permissions", who: administrators, get: s.vhostTopicPermissions},

		{path: "/api/users", who: administrators, get: s.listUsers},
		{path: "/api/users/without-permissions", who: administrators, get: s.listUsersWithoutPermissions},
		{path: "/api/users/bulk-delete", who: administrators, post: s.deleteUsers},
		{path: "/api/users/{user}", who: administrators, get: s.getUser, put: s.putUser, delete: s.deleteUser},
		{path: "/api/users/{user}/permissions", who: administrators, get: s.userPermissions},
		{path: "/api/users/{user}/topic-permissions", who: administrators, get: s.userTopicPermissions},

		{path: "/api/permissions", who: administrators, get: s.listPermissions},
		{path: "/api/permissions/{vhost}/{user}", who: administrators, get: s.getPermissions, put: s.putPermissions, delete: s.deletePermissions},
		{path: "/api/topic-permissions", who: administrators, get: s.listTopicPermissions},
		{path: "/api/topic-permissions/{vhost}/{user}", who: administrators, get: s.getTopicPermissions, put: s.putTopicPermissions, delete: s.deleteTopicPermissions},

		{path: "/api/vhost-limits", who: managers, get: s.listVHostLimits},
		{path: "/api/vhost-limits/{vhost}", who: visitors, get: s.getVHostLimits},
		{path: "/api/vhost-limits/{vhost}/{limit}", who: administrators, put: s.putVHostLimit, delete: s.deleteVHostLimit},
		{path: "/api/user-limits", who: managers, get: s.listUserLimits},
		{path: "/api/user-limits/{user}", who: managers, get: s.getUserLimits},
		{path: "/api/user-limits/{user}/{limit}", who: administrators, put: s.putUserLimit, delete: s.deleteUserLimit},

		{path: "/api/policies", who: managers, get: user.all},
		{path: "/api/policies/{vhost}", who: visitors, get: user.inVHost},
		{path: "/api/policies/{vhost}/{policy}", who: policymakers, get: user.get, put: user.put, delete: user.delete},
		{path: "/api/operator-policies", who: managers, get: operator.all},
		{path: "/api/operator-policies/{vhost}", who: visitors, get: operator.inVHost},
		{path: "/api/operator-policies/{vhost}/{policy}", who: administrators, get: operator.get, put: operator.put, delete: operator.delete},

		{path: "/api/exchanges/{vhost}/{exchange}/delayed", who: visitors, get: s.listDelayed},
		{path: "/api/exchanges/{vhost}/{exchange}/delayed/{id}", who: policymakers, delete: s.cancelDelayed},

		{path: "/api/connections/{connection}", who: owners, delete: s.deleteConnection},
	}
}
