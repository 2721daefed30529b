{{/* The pod of Deployment and StatefulSet alike. Nothing in it follows from a PoolConfig, the answers or what a Secret holds: those
are obeyed without a restart. */}}
{{- define "sabai.podTemplate" -}}
metadata:
  annotations:
    {{- merge (dict "kubectl.kubernetes.io/default-container" "bot") .Values.podAnnotations | toYaml | nindent 4 }}
  labels:
    {{- merge (include "sabai.selectorLabels" . | fromYaml) .Values.podLabels .Values.commonLabels | toYaml | nindent 4 }}
spec:
  serviceAccountName: {{ include "sabai.fullname" . | quote }}
  # Only the agent speaks to the API server, by a token of its own.
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "sabai.gracePeriod" . }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
    runAsNonRoot: true
    seccompProfile:
      type: RuntimeDefault
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpread.topologyKeys }}
  topologySpreadConstraints:
  {{- range . }}
  - topologyKey: {{ . | quote }}
    maxSkew: 1
    whenUnsatisfiable: {{ $.Values.topologySpread.whenUnsatisfiable }}
    labelSelector:
      matchLabels:
        {{- include "sabai.selectorLabels" $ | nindent 8 }}
    # Pods of the revision before do not count: they are about to go.
    matchLabelKeys: [{{ include "sabai.revisionLabel" $ }}]
  {{- end }}
  {{- end }}
  initContainers:
  {{- include "sabai.agentContainer" . | nindent 2 }}
  containers:
  {{- include "sabai.botContainer" . | nindent 2 }}
  volumes:
  {{- include "sabai.volumes" . | nindent 2 }}
{{- end }}

{{/* A native sidecar: it begins before the bot and ends after it. */}}
{{- define "sabai.agentContainer" -}}
- name: agent
  image: {{ include "sabai.image" . | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  restartPolicy: Always
  command: [sabai-agent]
  args: [run]
  env:
  {{- include "sabai.commonEnv" . | nindent 2 }}
  {{- include "sabai.agentEnv" . | nindent 2 }}
  {{- with .Values.agent.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  ports:
  - {name: agent-metrics, containerPort: 9091}
  # The bot waits for this: the agent is up, whatever Postgres is.
  startupProbe:
    httpGet: {path: /livez, port: agent-metrics}
    periodSeconds: 1
    timeoutSeconds: 1
    failureThreshold: 60
  livenessProbe:
    httpGet: {path: /livez, port: agent-metrics}
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  # The pod's readiness, and the only word on it.
  readinessProbe:
    httpGet: {path: /readyz, port: agent-metrics}
    periodSeconds: 5
    timeoutSeconds: 2
    failureThreshold: 2
  resources:
    {{- toYaml .Values.agent.resources | nindent 4 }}
  securityContext:
    {{- include "sabai.containerSecurity" . | nindent 4 }}
  # What kept it from starting stands in `kubectl describe pod`.
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
  - {name: run, mountPath: /run/sabai}
  - {name: postgres, mountPath: /etc/sabai/postgres, readOnly: true}
  - {name: api-token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
  {{- with .Values.agent.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "sabai.botContainer" -}}
- name: bot
  image: {{ include "sabai.image" . | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [sabai-bot]
  args: [serve]
  env:
  {{- include "sabai.commonEnv" . | nindent 2 }}
  {{- include "sabai.botEnv" . | nindent 2 }}
  {{- with .Values.bot.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  ports:
  - {name: webhook, containerPort: 8080}
  - {name: metrics, containerPort: 9090}
  # It answers when it has read its spool, which takes a second for each GiB.
  livenessProbe:
    httpGet: {path: /livez, port: metrics}
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: {{ add 6 (div (int64 .Values.spool.maxMiB) 5120) }}
  resources:
    {{- toYaml .Values.bot.resources | nindent 4 }}
  securityContext:
    {{- include "sabai.containerSecurity" . | nindent 4 }}
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
  - {name: run, mountPath: /run/sabai}
  - {name: spool, mountPath: /var/lib/sabai/spool}
  - {name: postgres, mountPath: /etc/sabai/postgres, readOnly: true}
  - {name: line, mountPath: /etc/sabai/line, readOnly: true}
  - {name: answers, mountPath: /etc/sabai/answers, readOnly: true}
  {{- with .Values.bot.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Mounted whole, never by subPath: what is mounted so never changes. */}}
{{- define "sabai.volumes" -}}
# The control socket, and what is in force.
- name: run
  emptyDir: {medium: Memory, sizeLimit: 16Mi}
{{- if not .Values.spool.persistence.enabled }}
# Twice what webhooks may take: a pod that passes the limit is evicted, and its spool with it.
- name: spool
  emptyDir: {sizeLimit: {{ include "sabai.spoolVolumeSize" . }}}
{{- end }}
- {{ include "sabai.postgresVolume" . | nindent 2 | trim }}
- {{ include "sabai.lineVolume" (list . (not .Values.line.channelId)) | nindent 2 | trim }}
- name: answers
  configMap:
    name: {{ .Values.answers.existingConfigMap | default (printf "%s-answers" (include "sabai.fullname" .)) | quote }}
# As the kubelet would mount it into every container, here for the agent alone.
- name: api-token
  projected:
    defaultMode: 0440
    sources:
    - serviceAccountToken: {path: token, expirationSeconds: 3607}
    - configMap:
        name: kube-root-ca.crt
        items:
        - {key: ca.crt, path: ca.crt}
    - downwardAPI:
        items:
        - path: namespace
          fieldRef:
            apiVersion: v1
            fieldPath: metadata.namespace
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Room for the webhooks, for segments whose last record is still to be drained and for what was set aside, and for acceptances. */}}
{{- define "sabai.spoolVolumeSize" -}}
{{- printf "%dMi" (add 64 (mul 2 (int64 .Values.spool.maxMiB))) }}
{{- end }}
