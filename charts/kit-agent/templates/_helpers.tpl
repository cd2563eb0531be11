{{- define "kit-agent.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "kit-agent.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "kit-agent.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: kit-agent
{{- end }}

{{/* The AgentConfig's name, by which everything is called; it must be for the release's namespace. */}}
{{- define "kit-agent.name" -}}
{{- $config := .Values.config }}
{{- $name := required "config is needed: kit agent chart CONFIG prints it" $config.name }}
{{- if ne $config.namespace .Release.Namespace }}
{{- fail (printf "config.namespace: found %q, expected the release's namespace, %s" $config.namespace .Release.Namespace) }}
{{- end }}
{{- $name }}
{{- end }}

{{- define "kit-agent.image" -}}
{{- $image := .Values.image }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else if eq $image.tag "latest" }}
{{- fail "image.tag: \"latest\" says nothing about what runs; set the tag that kit runbook image prints" }}
{{- else }}
{{- printf "%s:%s" $image.repository (required "image.tag is needed: the tag that kit runbook image prints" $image.tag) }}
{{- end }}
{{- end }}
