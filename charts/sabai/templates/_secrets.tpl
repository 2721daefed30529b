{{/* The Secret with LINE's credentials. */}}
{{- define "sabai.lineSecret" -}}
{{- .Values.line.secretName | default (printf "%s-line" (include "sabai.fullname" .)) }}
{{- end }}

{{/* The Secret that says where Postgres is and as whom to log in. */}}
{{- define "sabai.authSecret" -}}
{{- .Values.postgres.authSecret.name | default (printf "%s-postgres" (include "sabai.fullname" .)) }}
{{- end }}

{{/* The Secret with the CA. CloudNativePG has it in CLUSTER-ca, beside CLUSTER-app; others have it in the same Secret. */}}
{{- define "sabai.caSecret" -}}
{{- $auth := include "sabai.authSecret" . }}
{{- if .Values.postgres.caSecret.name }}
{{- .Values.postgres.caSecret.name }}
{{- else if hasSuffix "-app" $auth }}
{{- printf "%s-ca" (trimSuffix "-app" $auth) }}
{{- else }}
{{- $auth }}
{{- end }}
{{- end }}

{{/* The keys that are taken of the Secret of Postgres, as file and key; one that is given as a value is not. */}}
{{- define "sabai.authKeys" -}}
{{- range $file, $key := .Values.postgres.authSecret.keys }}
{{- if and $key (not (get $.Values.postgres $file)) }}
{{ $file }}: {{ $key | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Environment of both programs: where Postgres is, as whom, whom to trust. */}}
{{- define "sabai.postgresEnv" -}}
{{- $files := include "sabai.authKeys" . | fromYaml }}
{{- range $pair := list "PGHOST:host" "PGPORT:port" "PGDATABASE:dbname" "PGUSER:username" "PGPASSWORD:password" }}
{{- $variable := splitList ":" $pair | first }}
{{- $file := splitList ":" $pair | last }}
{{- with get $.Values.postgres $file }}
- name: {{ $variable }}
  value: {{ . | toString | quote }}
{{- end }}
{{- if hasKey $files $file }}
- name: {{ $variable }}_FILE
  value: /etc/sabai/postgres/{{ $file }}
{{- end }}
{{- end }}
- name: PGSSLROOTCERT
  value: {{ ternary "system" "/etc/sabai/postgres/ca.crt" .Values.postgres.systemCA }}
{{- if .Values.postgres.clientCertSecret.name }}
- name: PGSSLCERT
  value: /etc/sabai/postgres/tls.crt
- name: PGSSLKEY
  value: /etc/sabai/postgres/tls.key
{{- end }}
{{- end }}

{{/* All that one connect needs in one volume, which the kubelet changes at once; named keys, never a whole Secret. */}}
{{- define "sabai.postgresVolume" -}}
name: postgres
projected:
  defaultMode: 0440
  sources:
  {{- with include "sabai.authKeys" . | fromYaml }}
  - secret:
      name: {{ include "sabai.authSecret" $ | quote }}
      items:
      {{- range $file, $key := . }}
      - {key: {{ $key | quote }}, path: {{ $file }}}
      {{- end }}
  {{- end }}
  {{- if not .Values.postgres.systemCA }}
  - secret:
      name: {{ include "sabai.caSecret" . | quote }}
      items:
      - {key: {{ .Values.postgres.caSecret.keys.ca | quote }}, path: ca.crt}
  {{- end }}
  {{- with .Values.postgres.clientCertSecret }}
  {{- if .name }}
  - secret:
      name: {{ .name | quote }}
      items:
      - {key: {{ .keys.cert | quote }}, path: tls.crt}
      - {key: {{ .keys.key | quote }}, path: tls.key}
  {{- end }}
  {{- end }}
{{- end }}

{{/* Environment of the bot: LINE. */}}
{{- define "sabai.lineEnv" -}}
- name: LINE_CHANNEL_SECRET_FILE
  value: /etc/sabai/line/channel-secret
{{- if .Values.line.channelId }}
- name: LINE_CHANNEL_ID
  value: {{ .Values.line.channelId | quote }}
{{- else }}
- name: LINE_CHANNEL_ACCESS_TOKEN_FILE
  value: /etc/sabai/line/channel-access-token
{{- end }}
{{- range $variable, $value := dict "LINE_DESTINATION" .Values.line.destination "LINE_API_URL" .Values.line.apiUrl "LINE_DATA_API_URL" .Values.line.dataApiUrl }}
{{- if $value }}
- name: {{ $variable }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* LINE's credentials; takes the list (root, whether the access token is among them). */}}
{{- define "sabai.lineVolume" -}}
{{- $root := index . 0 }}
name: line
projected:
  defaultMode: 0440
  sources:
  - secret:
      name: {{ include "sabai.lineSecret" $root | quote }}
      items:
      - {key: {{ $root.Values.line.keys.channelSecret | quote }}, path: channel-secret}
      {{- if index . 1 }}
      - {key: {{ $root.Values.line.keys.channelAccessToken | quote }}, path: channel-access-token}
      {{- end }}
{{- end }}
