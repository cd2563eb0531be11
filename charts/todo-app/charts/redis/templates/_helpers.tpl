{{/* At most 52 characters: a StatefulSet appends a hash of 10 for a label, which takes 63. */}}
{{- define "redis.fullname" -}}
{{- default (printf "%s-redis" (.Release.Name | trunc 46 | trimSuffix "-")) .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "redis.selectorLabels" -}}
app.kubernetes.io/name: redis
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: redis
{{- end }}

{{- define "redis.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "redis.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "redis.passwordMissing" -}}
redis.auth.enabled needs a password: set redis.auth.password (--set-string redis.auth.password=…), or set redis.auth.enabled to false
{{- end }}

{{- define "redis.image" -}}
{{- $image := .Values.image }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else if has $image.tag (list "" "latest") }}
{{- fail "redis.image.tag: \"latest\" says nothing about what runs; set a version, or redis.image.digest" }}
{{- else }}
{{- printf "%s:%s" $image.repository $image.tag }}
{{- end }}
{{- end }}
