{{- define "todo-app.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Short enough that "-frontend" still fits into the 63 characters of a label. */}}
{{- define "todo-app.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 54 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 54 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 54 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "todo-app.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The version is a label and never part of a selector: selectors are immutable, versions are not. */}}
{{- define "todo-app.labels" -}}
helm.sh/chart: {{ include "todo-app.chart" . }}
{{ include "todo-app.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "todo-app.selectorLabels" -}}
app.kubernetes.io/name: {{ include "todo-app.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "todo-app.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "todo-app.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* An image reference. Arguments: root, component. */}}
{{- define "todo-app.image" -}}
{{- $image := (index .root.Values .component).image }}
{{- $tag := default .root.Chart.AppVersion $image.tag }}
{{- $name := $image.repository }}
{{- with .root.Values.global.imageRegistry }}
{{- $name = printf "%s/%s" (trimSuffix "/" .) $name }}
{{- end }}
{{- if $image.digest }}
{{- printf "%s@%s" $name $image.digest }}
{{- else if eq $tag "latest" }}
{{- fail (printf "%s.image.tag: \"latest\" says nothing about what runs; set a version, or %s.image.digest" .component .component) }}
{{- else }}
{{- printf "%s:%s" $name $tag }}
{{- end }}
{{- end }}

{{/* A value as text: a whole number stays one (1000000, not 1e+06). */}}
{{- define "todo-app.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}
{{- int64 . }}
{{- else }}
{{- toString . }}
{{- end }}
{{- end }}

{{/* A password as part of a URL. */}}
{{- define "todo-app.urlPart" -}}
{{- urlquery . | replace "+" "%20" }}
{{- end }}

{{- define "todo-app.databaseUrl" -}}
{{- $given := .Values.api.secrets.DATABASE_URL }}
{{- if not .Values.postgresql.enabled }}
{{- required "api.secrets.DATABASE_URL is needed because postgresql.enabled is false: set it, or api.existingSecret" $given }}
{{- else if $given }}
{{- fail "api.secrets.DATABASE_URL and postgresql.enabled=true exclude each other: set postgresql.enabled to false to use your own database" }}
{{- else }}
{{- $auth := .Values.postgresql.auth }}
{{- $password := "$(POSTGRES_PASSWORD)" }}
{{- if not $auth.existingSecret }}
{{- $password = include "todo-app.urlPart" (required (include "postgresql.passwordMissing" .) $auth.password) }}
{{- end }}
{{- printf "postgresql://%s:%s@%s:5432/%s" (include "todo-app.urlPart" $auth.username) $password (include "postgresql.fullname" .Subcharts.postgresql) (include "todo-app.urlPart" $auth.database) }}
{{- end }}
{{- end }}

{{- define "todo-app.redisUrl" -}}
{{- $given := .Values.api.secrets.REDIS_URL }}
{{- if not .Values.redis.enabled }}
{{- required "api.secrets.REDIS_URL is needed because redis.enabled is false: set it, or api.existingSecret" $given }}
{{- else if $given }}
{{- fail "api.secrets.REDIS_URL and redis.enabled=true exclude each other: set redis.enabled to false to use your own Redis" }}
{{- else }}
{{- $login := "" }}
{{- if .Values.redis.auth.enabled }}
{{- $login = printf ":%s@" (include "todo-app.urlPart" (required (include "redis.passwordMissing" .) .Values.redis.auth.password)) }}
{{- end }}
{{- printf "redis://%s%s:6379/0" $login (include "redis.fullname" .Subcharts.redis) }}
{{- end }}
{{- end }}

{{/* Whether the password is known only inside the cluster, so that the pod itself puts DATABASE_URL together. */}}
{{- define "todo-app.passwordInCluster" -}}
{{- if and .Values.postgresql.enabled .Values.postgresql.auth.existingSecret }}true{{ end }}
{{- end }}

{{/* The components, each a Deployment; a range over them ends up in this order. */}}
{{- define "todo-app.components" -}}
["api", "frontend", "worker"]
{{- end }}

{{/* Whether a component reads PostgreSQL and Redis, and so has a Secret with their URLs. */}}
{{- define "todo-app.usesStores" -}}
{{- if ne . "frontend" }}true{{ end }}
{{- end }}

{{/* Where the frontend's server finds the API: in this release, unless the values name another address. */}}
{{- define "todo-app.apiUrl" -}}
{{- $given := .Values.frontend.env.API_URL }}
{{- if $given }}
{{- $given }}
{{- else if not .Values.api.enabled }}
{{- fail "frontend.env.API_URL is needed because api.enabled is false: set it, or frontend.enabled to false" }}
{{- else }}
{{- $port := int .Values.api.service.port }}
{{- printf "http://%s-api%s" (include "todo-app.fullname" .) (ternary "" (printf ":%d" $port) (eq $port 80)) }}
{{- end }}
{{- end }}

{{/* The environment of a component's containers. Arguments: root, component. */}}
{{- define "todo-app.environment" -}}
{{- $values := index .root.Values .component }}
{{- $name := printf "%s-%s" (include "todo-app.fullname" .root) .component }}
{{- $own := include "todo-app.ownEnvironment" . | trim -}}
envFrom:
  - configMapRef:
      name: {{ $name }}
  {{- if include "todo-app.usesStores" .component }}
  - secretRef:
      name: {{ default $name $values.existingSecret }}
  {{- end }}
{{- with $own }}
env:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "todo-app.ownEnvironment" -}}
{{- $values := index .root.Values .component }}
{{- with $values.service -}}
- name: PORT
  value: {{ .targetPort | quote }}
{{ end }}
{{- if eq .component "api" -}}
- name: METRICS_PORT
  value: {{ .root.Values.metrics.port | quote }}
{{ end }}
{{- $builds := and (include "todo-app.usesStores" .component) (include "todo-app.passwordInCluster" .root) }}
{{- if and $builds (not $values.existingSecret) -}}
- name: POSTGRES_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .root.Values.postgresql.auth.existingSecret }}
      key: password
- name: DATABASE_URL
  value: {{ include "todo-app.databaseUrl" .root | quote }}
{{- end }}
{{- end }}

{{/* What the restricted Pod Security standard asks of a pod, and our images' user. */}}
{{- define "todo-app.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "todo-app.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop:
      - ALL
{{- end }}

{{/* Pod annotations: a change of what the pod reads at its start has to roll it. Arguments: root, component. */}}
{{- define "todo-app.checksums" -}}
{{- $config := include (print .root.Template.BasePath "/configmap.yaml") .root }}
{{- $secret := include (print .root.Template.BasePath "/secret.yaml") .root -}}
checksum/config: {{ include "todo-app.part" (dict "documents" $config "component" .component) | sha256sum }}
checksum/secret: {{ include "todo-app.part" (dict "documents" $secret "component" .component) | sha256sum }}
{{- end }}

{{/* The data of a component's document among several. */}}
{{- define "todo-app.part" -}}
{{- $component := .component }}
{{- range splitList "\n---\n" (printf "\n%s" .documents) }}
{{- $document := fromYaml . }}
{{- if and $document (eq $component (dig "metadata" "labels" "app.kubernetes.io/component" "" $document)) }}
{{- $document.data | default $document.stringData | toYaml }}
{{- end }}
{{- end }}
{{- end }}

{{/* The folders a component may write to. */}}
{{- define "todo-app.writable" -}}
tmp: /tmp
{{- if eq . "frontend" }}
next-cache: /app/.next/cache
{{- end }}
{{- end }}

{{- define "todo-app.volumeMounts" -}}
volumeMounts:
{{- range $name, $path := include "todo-app.writable" . | fromYaml }}
  - name: {{ $name }}
    mountPath: {{ $path }}
{{- end }}
{{- end }}

{{/* The probes of a component: over HTTP for those with a Service, else by the worker's heartbeat file. */}}
{{- define "todo-app.probes" -}}
{{- $values := index .root.Values .component }}
{{- $probes := $values.probes }}
{{- if $values.service -}}
startupProbe:
  httpGet:
    path: {{ $probes.startup.path }}
    port: http
  periodSeconds: {{ $probes.startup.periodSeconds }}
  failureThreshold: {{ $probes.startup.failureThreshold }}
  timeoutSeconds: 5
{{- range $name := list "liveness" "readiness" }}
{{- $probe := index $probes $name }}
{{ $name }}Probe:
  httpGet:
    path: {{ $probe.path }}
    port: http
  initialDelaySeconds: {{ $probe.initialDelaySeconds }}
  periodSeconds: {{ $probe.periodSeconds }}
  timeoutSeconds: 5
{{- end }}
{{- else -}}
# A heartbeat file, not `celery inspect ping`: that costs seconds of CPU, and asks the broker.
startupProbe:
  exec:
    command: ["python", "-m", "worker.heartbeat"]
  periodSeconds: {{ $probes.startup.periodSeconds }}
  failureThreshold: {{ $probes.startup.failureThreshold }}
  timeoutSeconds: {{ $probes.liveness.timeoutSeconds }}
livenessProbe:
  exec:
    command: ["python", "-m", "worker.heartbeat"]
  periodSeconds: {{ $probes.liveness.periodSeconds }}
  timeoutSeconds: {{ $probes.liveness.timeoutSeconds }}
{{- end }}
{{- end }}

{{/* Where a component's pods go; by default its replicas avoid one another. Arguments: root, component. */}}
{{- define "todo-app.scheduling" -}}
{{- $values := index .root.Values .component -}}
affinity:
{{- if $values.affinity }}
  {{- toYaml $values.affinity | nindent 2 }}
{{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "todo-app.selectorLabels" .root | nindent 14 }}
              app.kubernetes.io/component: {{ .component }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
Who may call a component, as rules of a NetworkPolicy; nothing where nobody may, since an empty `from` would let
everybody in. Arguments: root, component.
*/}}
{{- define "todo-app.callers" -}}
{{- $policy := .root.Values.networkPolicy }}
{{- $page := and (eq .component "api") .root.Values.frontend.enabled }}
{{- $outside := and (include "todo-app.hasHost" .) $policy.ingressNamespaces }}
{{- if or $page $outside -}}
- from:
    {{- if $page }}
    - podSelector:
        matchLabels:
          {{- include "todo-app.selectorLabels" .root | nindent 10 }}
          app.kubernetes.io/component: frontend
    {{- end }}
    {{- if $outside }}
    - namespaceSelector:
        matchExpressions:
          - key: kubernetes.io/metadata.name
            operator: In
            values: {{ toJson $policy.ingressNamespaces }}
    {{- end }}
  ports:
    - port: http
      protocol: TCP
{{ end }}
{{- if and (eq .component "api") .root.Values.metrics.enabled $policy.monitoringNamespaces -}}
- from:
    - namespaceSelector:
        matchExpressions:
          - key: kubernetes.io/metadata.name
            operator: In
            values: {{ toJson $policy.monitoringNamespaces }}
  ports:
    - port: metrics
      protocol: TCP
{{- end }}
{{- end }}

{{/* Whether the Ingress leads to a component. Arguments: root, component. */}}
{{- define "todo-app.hasHost" -}}
{{- $component := .component }}
{{- if .root.Values.ingress.enabled }}
{{- range .root.Values.ingress.hosts }}
{{- range .paths }}
{{- if eq .service $component }}true{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
