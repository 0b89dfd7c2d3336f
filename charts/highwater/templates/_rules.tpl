{{/*
What the operator may do where it watches: the rules of the ClusterRole, or of a Role in each watched namespace.
Every object is written by server-side apply, which is a patch, and a create where the object is not there yet.
*/}}
{{- define "highwater.rules" -}}
# Its own resources. patch: finalizers stand in the metadata. It creates and deletes none of them.
- apiGroups: [highwater.dev]
  resources: [clusters, topics, consumergroups]
  verbs: [get, list, watch, patch]
- apiGroups: [highwater.dev]
  resources: [clusters/status, topics/status, consumergroups/status]
  verbs: [get, patch]
# Owner references with blockOwnerDeletion need this where the API server checks them, as OpenShift's does.
- apiGroups: [highwater.dev]
  resources: [clusters/finalizers, topics/finalizers, consumergroups/finalizers]
  verbs: [update]
# Brokers. delete: volumes grow by making the StatefulSet anew, its pods stay.
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch, delete]
# Scaling of consumers by lag, and stopping them for an offset reset. Of Deployments nothing but the number of replicas.
- apiGroups: [apps]
  resources: [deployments/scale, statefulsets/scale]
  verbs: [get, patch]
# What belongs to a Cluster. delete: what its spec does not ask for any more.
- apiGroups: [""]
  resources: [services, configmaps, serviceaccounts]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
# The token of a Cluster's admin listener is made, and read to talk to its brokers. No list and no watch: it reads no
# other Secret than those whose names it knows.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch]
# delete: the roll, broker by broker. The StatefulSet makes them anew.
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, delete]
# patch: volumes grow. There is no delete: the StatefulSet's retention policy decides about volumes.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, list, watch, patch]
# patch: an event that happens again is counted, not written again.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
# Only where the Prometheus operator is installed; nothing is asked for where it is not.
- apiGroups: [monitoring.coreos.com]
  resources: [servicemonitors]
  verbs: [get, create, patch]
{{- end }}
