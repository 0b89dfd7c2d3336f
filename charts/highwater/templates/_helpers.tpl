{{/* The chart's name, for labels. */}}
{{- define "highwater.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of what is installed: room is left for the endings of names derived from it. */}}
{{- define "highwater.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "highwater.name" .) .Release.Name }}
{{- printf "%s-operator" (.Release.Name | trunc 31 | trimSuffix "-") }}
{{- else }}
{{- printf "%s-%s-operator" (.Release.Name | trunc 15 | trimSuffix "-") (include "highwater.name" . | trunc 15 | trimSuffix "-") }}
{{- end }}
{{- end }}

{{/* For objects without a namespace: two releases of one name in two namespaces do not share them. */}}
{{- define "highwater.clusterwide" -}}
{{- printf "%s-%s" (include "highwater.fullname" .) .Release.Namespace | trunc 100 | trimSuffix "-" }}
{{- end }}

{{- define "highwater.selectorLabels" -}}
app.kubernetes.io/name: {{ include "highwater.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "highwater.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "highwater.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: highwater
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "highwater.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "highwater.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "highwater.operatorImage" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}

{{- define "highwater.brokerImage" -}}
{{- printf "%s:%s" .Values.broker.image.repository (default .Chart.AppVersion .Values.broker.image.tag) }}
{{- end }}

{{- define "highwater.leaseName" -}}
{{- default (include "highwater.fullname" .) .Values.leaderElection.name }}
{{- end }}
