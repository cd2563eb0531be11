{{/* The pod of a schedule's run, as kitlib/runbooks/remote/pod.py makes it. Arguments: root, schedule. */}}
{{- define "kit-runner.pod" -}}
restartPolicy: Never
serviceAccountName: {{ include "kit-runner.scheduleName" .schedule }}
automountServiceAccountToken: true
enableServiceLinks: false
terminationGracePeriodSeconds: 30
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
containers:
  - name: runbook
    image: {{ include "kit-runner.image" .root }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    command: {{ include "kit-runner.command" (dict "schedule" .schedule "stores" .root.Values.s3.records) }}
    {{- if .root.Values.s3.records }}
    envFrom:
      - secretRef:
          name: {{ .root.Values.s3.existingSecret }}
    {{- end }}
    # A kernel makes its sockets where it is started.
    workingDir: /tmp
    env:
      - name: POD_NAME
        valueFrom:
          fieldRef:
            fieldPath: metadata.name
      - name: KIT_CONTEXT
        value: in-cluster
      {{- with .root.Values.cluster.context }}
      - name: KIT_CONTEXT_NAME
        value: {{ . | quote }}
      {{- end }}
      {{- with .root.Values.cluster.server }}
      - name: KIT_SERVER_NAME
        value: {{ . | quote }}
      {{- end }}
      - name: KIT_NAMESPACE
        value: {{ .schedule.namespace | quote }}
      - name: KIT_RUNS_DIR
        value: /runs
      - name: KIT_STATE_DIR
        value: /var/lib/kit
      - name: KIT_CACHE_DIR
        value: /tmp/cache
      {{- with .schedule.unattended }}
      - name: KIT_UNATTENDED
        value: {{ toJson . | quote }}
      {{- end }}
      {{- if .root.Values.s3.records }}
      - name: KIT_RUNNER_RECORDS
        value: {{ .root.Values.s3.records | quote }}
      - name: KIT_S3_ENDPOINT
        value: {{ .root.Values.s3.endpoint | quote }}
      {{- end }}
      - name: LOGNAME
        value: {{ printf "schedule %s" .schedule.name | quote }}
      - name: HOME
        value: /tmp
    resources:
      {{- toYaml .root.Values.resources | nindent 6 }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities:
        drop:
          - ALL
    volumeMounts:
      - name: runs
        mountPath: /runs
        subPathExpr: $(POD_NAME)/runs
      - name: runs
        mountPath: /var/lib/kit
        subPathExpr: $(POD_NAME)/state
      # Everybody's: one run at a time for each target.
      - name: runs
        mountPath: /var/lib/kit/locks
        subPath: locks
      - name: tmp
        mountPath: /tmp
volumes:
  - name: runs
    {{- if .root.Values.s3.records }}
    emptyDir: {}
    {{- else }}
    persistentVolumeClaim:
      claimName: {{ .root.Values.storage.name }}
    {{- end }}
  - name: tmp
    emptyDir:
      sizeLimit: 512Mi
{{- end }}
