{{/* Environment of both programs. */}}
{{- define "sabai.commonEnv" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_UID
  valueFrom:
    fieldRef:
      fieldPath: metadata.uid
{{ include "sabai.postgresEnv" . | trim }}
# Its folder is made by the bot, for its owner alone: the volume's own may be written by all, which the bot refuses.
- name: SABAI_CONTROL_SOCKET
  value: /run/sabai/control/bot.sock
- name: SABAI_LOG
  value: {{ ternary (printf "%s,access=debug" .Values.log.level) .Values.log.level .Values.log.access | quote }}
- name: SABAI_LOG_FORMAT
  value: {{ .Values.log.format | quote }}
{{- include "sabai.settingsEnv" . }}
{{- end }}

{{/* What the pods begin with, until a PoolConfig says otherwise: SABAI_POOL_MAX_CONNECTIONS is settings.pool.maxConnections. */}}
{{- define "sabai.settingsEnv" -}}
{{- range $group, $fields := .Values.settings }}
{{- range $field, $value := $fields }}
- name: {{ printf "SABAI_%s_%s" $group (snakecase $field) | upper }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Environment of the bot alone. */}}
{{- define "sabai.botEnv" -}}
{{ include "sabai.lineEnv" . | trim }}
- name: SABAI_ANSWERS
  value: {{ printf "/etc/sabai/answers/%s" .Values.answers.key | quote }}
- name: SABAI_SPOOL_DIR
  value: /var/lib/sabai/spool
- name: SABAI_SPOOL_MAX_BYTES
  value: {{ printf "%dMiB" (int64 .Values.spool.maxMiB) | quote }}
# Webhooks that wait here while Postgres is away go to another pod of the release, whichever the Service chooses.
- name: SABAI_PEER_URL
  value: {{ printf "http://%s:%d" (include "sabai.fullname" .) (int64 .Values.service.port) | quote }}
{{- range $variable, $value := dict
  "SABAI_BODY_LIMIT" .Values.webhook.bodyLimit
  "SABAI_HTTP_CONNECTIONS" .Values.webhook.connections
  "SABAI_LEASE" .Values.queue.lease
  "SABAI_MAX_ATTEMPTS" .Values.queue.maxAttempts
  "SABAI_PUSH_MAX_AGE" .Values.push.maxAge
  "SABAI_PUSH_MONTHLY_BUDGET" .Values.push.monthlyBudget }}
{{- /* 0 is a value, an empty text is none. */}}
{{- if ne (toString $value) "" }}
- name: {{ $variable }}
  value: {{ ternary $value (int64 $value | toString) (kindIs "string" $value) | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Environment of the agent alone. */}}
{{- define "sabai.agentEnv" -}}
- name: SABAI_POOLCONFIG
  value: {{ include "sabai.fullname" . | quote }}
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
{{- with get (dict "Always" "on" "Never" "off") .Values.agent.canaries }}
- name: SABAI_CANARIES
  value: {{ . | quote }}
{{- end }}
{{- with .Values.agent.reportInterval }}
- name: SABAI_REPORT_INTERVAL
  value: {{ . | quote }}
{{- end }}
{{- end }}
