package management

import (
	"github.com/harebellmq/harebell/exchange"
	"github.com/harebellmq/harebell/internal/policy"
)

// resources is the table of the API.
func (s *Server) resources() []resource {
	toQueue, toExchange := bindings{s, exchange.ToQueue}, bindings{s, exchange.ToExchange}
	user, operator := policies{s, policy.User}, policies{s, policy.Operator}
	return []resource{
		{path: "/api/whoami", who: managers, get: s.whoami},
		{path: "/api/overview", who: managers, get: s.getOverview},
		{path: "/api/cluster-name", who: managers, get: s.getClusterName, put: s.putClusterName},
		{path: "/api/version", who: managers, get: s.getVersion},
		{path: "/api/nodes", who: monitors, get: s.listNodes},
		{path: "/api/nodes/{node}", who: monitors, get: s.ofNode(s.getNode)},
		{path: "/api/nodes/{node}/memory", who: monitors, get: s.ofNode(s.getMemory)},
		{path: "/api/nodes/{node}/memory/relative", who: monitors, get: s.ofNode(s.getRelativeMemory)},
		{path: "/api/config/effective", who: administrators, get: s.getSettings},
		{path: "/api/rebalance/queues", who: administrators, post: s.rebalanceQueues},
		{path: "/api/deprecated-features", who: administrators, get: s.listDeprecated},
		{path: "/api/deprecated-features/used", who: administrators, get: s.listDeprecatedUsed},
		{path: "/api/extensions", who: managers, get: s.listExtensions},
		{path: "/api/feature-flags", who: administrators, get: s.listFeatures},
		{path: "/api/feature-flags/{feature}/enable", who: administrators, put: s.enableFeature},
		{path: "/api/auth", public: true, get: s.loginOptions},
		{path: "/api/auth/hash_password/{password}", who: administrators, get: s.hashPassword},
		{path: "/api/auth/attempts/{node}/source", who: monitors, get: s.ofNode(s.listAttemptsBySource), delete: s.ofNode(s.deleteAttempts)},
		{path: "/api/auth/attempts/{node}", who: monitors, get: s.ofNode(s.listAttempts), delete: s.ofNode(s.deleteAttempts)},
		{path: "/api/reset", who: administrators, delete: s.reset},
		{path: "/api/reset/{node}", who: administrators, delete: s.reset},

		{path: "/api/definitions", who: administrators, get: s.getDefinitions, post: s.postDefinitions},
		{path: "/api/definitions/{vhost}", who: administrators, get: s.getVHostDefinitions, post: s.postVHostDefinitions},

		{path: "/api/aliveness-test/{vhost}", who: visitors, get: s.checkAlive},
		{path: "/api/healthchecks/node", who: managers, get: s.alwaysHealthy},
		{path: "/api/healthchecks/node/{node}", who: managers, get: s.ofNode(s.alwaysHealthy)},
		{path: "/api/health/checks/reached-target-cluster-size", who: managers, get: s.alwaysHealthy},
		{path: "/api/health/checks/quorum-queues-without-elected-leaders/all-vhosts/pattern/{pattern}", who: managers, get: s.alwaysHealthy},
		{path: "/api/health/checks/quorum-queues-without-elected-leaders/vhost/{vhost}/pattern/{pattern}", who: visitors, get: s.alwaysHealthy},
		{path: "/api/health/checks/alarms", who: managers, get: s.checkAlarms("in the cluster")},
		{path: "/api/health/checks/local-alarms", who: managers, get: s.checkAlarms("on the node")},
		{path: "/api/health/checks/virtual-hosts", who: managers, get: s.alwaysHealthy},
		{path: "/api/health/checks/node-is-quorum-critical", who: managers, get: s.checkQuorum},
		{path: "/api/health/checks/port-listener/{port}", who: managers, get: s.checkPort},
		{path: "/api/health/checks/protocol-listener/{protocol}", who: managers, get: s.checkProtocol},
		{path: "/api/health/checks/certificate-expiration/{within}/{unit}", who: managers, get: s.checkCertificates},
		{path: "/api/health/checks/is-in-service", who: managers, get: s.alwaysHealthy},
		{path: "/api/health/checks/ready-to-serve-clients", who: managers, get: s.alwaysHealthy},
		{path: "/api/health/checks/below-node-connection-limit", who: managers, get: s.alwaysHealthy},
		{path: "/api/health/checks/metadata-store/initialized", who: managers, get: s.alwaysHealthy},
		{path: "/api/health/checks/metadata-store/initialized/with-data", who: managers, get: s.alwaysHealthy},

		{path: "/api/parameters", who: setters, get: s.listParameters},
		{path: "/api/parameters/{component}", who: setters, get: s.listParameters},
		{path: "/api/parameters/{component}/{vhost}", who: setters, get: s.listVHostParameters},
		{path: "/api/parameters/{component}/{vhost}/{name}", who: setters, get: s.getParameter, put: s.putParameter, delete: s.deleteParameter},
		{path: "/api/global-parameters", who: setters, get: s.listGlobals},
		{path: "/api/global-parameters/{name}", who: setters, get: s.getGlobal, put: s.putGlobal, delete: s.deleteGlobal},

		{path: "/api/vhosts", who: managers, get: s.listVHosts},
		{path: "/api/vhosts/{vhost}", who: administrators, get: s.getVHost, put: s.putVHost, delete: s.deleteVHost},
		{path: "/api/vhosts/{vhost}/start/{node}", who: administrators, post: s.startVHost},
		{path: "/api/vhosts/{vhost}/deletion/protection", who: administrators, post: s.protectVHost, delete: s.releaseVHost},
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

		{path: "/api/exchanges", who: managers, get: s.listExchanges},
		{path: "/api/exchanges/{vhost}", who: visitors, get: s.listVHostExchanges},
		{path: "/api/exchanges/{vhost}/{exchange}", who: visitors, get: s.getExchange, put: s.putExchange, delete: s.deleteExchange},
		{path: "/api/exchanges/{vhost}/{exchange}/publish", who: visitors, post: s.publish},
		{path: "/api/exchanges/{vhost}/{exchange}/bindings/source", who: visitors, get: s.listSourceBindings},
		{path: "/api/exchanges/{vhost}/{exchange}/bindings/destination", who: visitors, get: s.listDestinationBindings},

		{path: "/api/queues", who: managers, get: s.listQueues},
		{path: "/api/queues/detailed", who: managers, get: s.listQueues},
		{path: "/api/queues/quorum/{vhost}/{queue}/status", who: visitors, get: s.getReplicas},
		{path: "/api/queues/quorum/{vhost}/{queue}/replicas/add", who: administrators, post: s.addReplica},
		{path: "/api/queues/quorum/{vhost}/{queue}/replicas/delete", who: administrators, delete: s.deleteReplica},
		{path: "/api/queues/quorum/replicas/on/{node}/grow", who: administrators, post: s.growQueues},
		{path: "/api/queues/quorum/replicas/on/{node}/shrink", who: administrators, delete: s.shrinkQueues},
		{path: "/api/queues/{vhost}", who: visitors, get: s.listVHostQueues},
		{path: "/api/queues/{vhost}/{queue}", who: visitors, get: s.getQueue, put: s.putQueue, delete: s.deleteQueue},
		{path: "/api/queues/{vhost}/{queue}/bindings", who: visitors, get: s.listQueueBindings},
		{path: "/api/queues/{vhost}/{queue}/contents", who: visitors, delete: s.purgeQueue},
		{path: "/api/queues/{vhost}/{queue}/get", who: visitors, post: s.getMessages},
		{path: "/api/queues/{vhost}/{queue}/actions", who: visitors, post: s.actOnQueue},

		{path: "/api/messages/{vhost}/{queue}", who: visitors, get: s.browse},
		{path: "/api/messages/{vhost}/{queue}/{id}", who: visitors, get: s.getBrowsed, delete: s.deleteBrowsed},
		{path: "/api/messages/{vhost}/{queue}/{id}/move", who: visitors, post: s.moveBrowsed},
		{path: "/api/messages/{vhost}/{queue}/{id}/copy", who: visitors, post: s.copyBrowsed},

		{path: "/api/bindings", who: managers, get: s.listBindings},
		{path: "/api/bindings/{vhost}", who: visitors, get: s.listVHostBindings},
		{path: "/api/bindings/{vhost}/e/{exchange}/q/{destination}", who: visitors, get: toQueue.list, post: toQueue.post},
		{path: "/api/bindings/{vhost}/e/{exchange}/q/{destination}/{properties}", who: visitors, get: toQueue.get, delete: toQueue.delete},
		{path: "/api/bindings/{vhost}/e/{exchange}/e/{destination}", who: visitors, get: toExchange.list, post: toExchange.post},
		{path: "/api/bindings/{vhost}/e/{exchange}/e/{destination}/{properties}", who: visitors, get: toExchange.get, delete: toExchange.delete},

		{path: "/api/connections", who: managers, get: s.listConnections},
		{path: "/api/connections/{connection}", who: owners, get: s.getConnection, delete: s.deleteConnection},
		{path: "/api/connections/{connection}/{of}", who: owners, get: s.getOfConnection, delete: s.deleteOfConnection},
		{path: "/api/vhosts/{vhost}/connections", who: visitors, get: s.listVHostConnections},
		{path: "/api/channels", who: managers, get: s.listChannels},
		{path: "/api/channels/{channel}", who: managers, get: s.getChannel},
		{path: "/api/vhosts/{vhost}/channels", who: visitors, get: s.listVHostChannels},
		{path: "/api/consumers", who: managers, get: s.listConsumers},
		{path: "/api/consumers/{vhost}", who: visitors, get: s.listVHostConsumers},
	}
}
