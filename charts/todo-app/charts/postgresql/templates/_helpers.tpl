{{/* At most 52 characters: a StatefulSet appends a hash of 10 for a label, which takes 63. */}}
{{- define "postgresql.fullname" -}}
{{- default (printf "%s-postgresql" (.Release.Name | trunc 41 | trimSuffix "-")) .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "postgresql.selectorLabels" -}}
app.kubernetes.io/name: postgresql
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: postgresql
{{- end }}

{{- define "postgresql.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "postgresql.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "postgresql.passwordMissing" -}}
the database needs a password: set postgresql.auth.password (--set-string postgresql.auth.password=…), or name a Secret with the key `password` in postgresql.auth.existingSecret
{{- end }}

{{- define "postgresql.isReady" -}}
{{- list "pg_isready" "-h" "127.0.0.1" "-U" .Values.auth.username "-d" .Values.auth.database | toJson }}
{{- end }}

{{- define "postgresql.image" -}}
{{- $image := .Values.image }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else if has $image.tag (list "" "latest") }}
{{- fail "postgresql.image.tag: \"latest\" says nothing about what runs; set a version, or postgresql.image.digest" }}
{{- else }}
{{- printf "%s:%s" $image.repository $image.tag }}
{{- end }}
{{- end }}
