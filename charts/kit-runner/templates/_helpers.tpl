{{/* The labels of everything; a schedule's own come on top. */}}
{{- define "kit-runner.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: kit-runner
{{- end }}

{{/* By these kit runbook schedules finds a schedule, and a run sees that another is going on. */}}
{{- define "kit-runner.scheduleLabels" -}}
kit.dev/runbook: {{ .runbook }}
kit.dev/schedule: {{ .name }}
{{- with .target }}
kit.dev/target: {{ . }}
{{- end }}
{{- end }}

{{- define "kit-runner.scheduleName" -}}
kit-cron-{{ .name }}
{{- end }}

{{- define "kit-runner.image" -}}
{{- $image := .Values.image }}
{{- if $image.digest }}
{{- printf "%s@%s" $image.repository $image.digest }}
{{- else if eq $image.tag "latest" }}
{{- fail "image.tag: \"latest\" says nothing about what runs; set the tag that kit runbook image prints" }}
{{- else }}
{{- printf "%s:%s" $image.repository (required "image.tag is needed: the tag that kit runbook image prints" $image.tag) }}
{{- end }}
{{- end }}

{{/* The namespaces with a Role, and an empty one where there are rules for the whole cluster. */}}
{{- define "kit-runner.places" -}}
{{- $places := list }}
{{- range .roles }}
{{- $places = append $places .namespace }}
{{- end }}
{{- if .clusterRules }}
{{- $places = append $places "" }}
{{- end }}
{{- toJson $places }}
{{- end }}

{{/* The command line of a run: the same that a person would type. Arguments: schedule, stores. */}}
{{- define "kit-runner.command" -}}
{{- $command := list "kit" "runbook" "run" .schedule.runbook }}
{{- range $name, $value := .schedule.parameters }}
{{- $command = concat $command (list "-p" (printf "%s=%s" $name $value)) }}
{{- end }}
{{- $command = concat $command (list "--timeout" (toString (int (default 900 .schedule.timeoutSeconds)))) }}
{{- if .stores }}
{{- $command = concat (list "python" "-m" "kitlib.runbooks.remote.keeping") $command }}
{{- end }}
{{- toJson $command }}
{{- end }}
