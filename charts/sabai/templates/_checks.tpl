{{/* What the schema cannot say, in words. Nothing is rendered. */}}
{{- define "sabai.checkNames" -}}
{{- $name := include "sabai.fullname" . }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$" $name) }}
{{- fail (printf "the name %q will not do for a Service and a StatefulSet: it must begin with a letter, hold only lower-case letters, digits and -, and be at most 52 long. Choose another release name, or set fullnameOverride." $name) }}
{{- end }}
{{- end }}

{{- define "sabai.checkSecrets" -}}
{{- with .Values.postgres }}
{{- if not (or .host .authSecret.keys.host) }}
{{- fail "postgres.host is empty, and so is postgres.authSecret.keys.host: name one of them, or the pods do not know where Postgres is." }}
{{- end }}
{{- if not (or .username .authSecret.keys.username) }}
{{- fail "postgres.username is empty, and so is postgres.authSecret.keys.username: name one of them, or the pods do not know as whom to log in." }}
{{- end }}
{{- if not (or .authSecret.keys.password .clientCertSecret.name) }}
{{- fail "postgres.authSecret.keys.password is empty, and no postgres.clientCertSecret.name is given: the pods could not log in by either." }}
{{- end }}
{{- if and .systemCA .caSecret.name }}
{{- fail "postgres.systemCA is true, and postgres.caSecret.name is given too: give one of them, since one alone is trusted." }}
{{- end }}
{{- end }}
{{- if and .Values.answers.text .Values.answers.existingConfigMap }}
{{- fail "answers.text and answers.existingConfigMap are both given: the chart makes a ConfigMap of the one, and leaves the other to you. Give one of them." }}
{{- end }}
{{- end }}

{{- define "sabai.checkScaling" -}}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled }}
{{- fail "autoscaling.enabled and keda.enabled are both true: two autoscalers would fight over the number of pods. Choose one." }}
{{- end }}
{{- range $name := list "autoscaling" "keda" }}
{{- with get $.Values $name }}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) }}
{{- fail (printf "%s.minReplicas is %d, above %s.maxReplicas, %d." $name (int .minReplicas) $name (int .maxReplicas)) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.keda.enabled (not .Values.keda.serverAddress) }}
{{- fail "keda.enabled is true, and keda.serverAddress is empty: say where Prometheus is asked for the age of the queue, as in http://prometheus.monitoring:9090." }}
{{- end }}
{{- if and .Values.networkPolicy.enabled .Values.podMonitor.enabled (not .Values.networkPolicy.metricsFrom) }}
{{- fail "networkPolicy.enabled and podMonitor.enabled are both true, and networkPolicy.metricsFrom is empty: Prometheus could not reach the pods. Say there where it runs." }}
{{- end }}
{{- end }}

{{/* Per pod all of the bot's and two of the agent's; one pod more during an update of a Deployment; four canaries of the release. */}}
{{- define "sabai.checkSessions" -}}
{{- $specs := dict "settings" .Values.settings }}
{{- if .Values.poolConfig.create }}{{- $_ := set $specs "poolConfig.spec" .Values.poolConfig.spec }}{{- end }}
{{- range $where, $spec := $specs }}
{{- $pool := get $spec "pool" | default dict }}
{{- $max := get $pool "maxConnections" | default 16 | int }}
{{- $idle := 4 }}
{{- if hasKey $pool "minIdle" }}{{- $idle = int $pool.minIdle }}{{- end }}
{{- if gt $idle (sub $max 3) }}
{{- fail (printf "%s.pool.minIdle is %d, and may be at most pool.maxConnections - 3, which is %d: lower minIdle or raise maxConnections." $where $idle (sub $max 3)) }}
{{- end }}
{{- $pods := include "sabai.maxReplicas" $ | int }}
{{- if not $.Values.spool.persistence.enabled }}{{- $pods = add1 $pods }}{{- end }}
{{- $sessions := add (mul (add $max 2) $pods) 4 }}
{{- $budget := int64 $.Values.sessionBudget }}
{{- if and $budget (gt $sessions $budget) }}
{{- fail (printf "this release may open %d sessions at Postgres, and sessionBudget is %d. That is (%d of the bot + 2 of the agent) x %d pods (at most, one more during an update of a Deployment included) + 4 canaries. Lower %s.pool.maxConnections or the number of pods, or raise max_connections at the server and sessionBudget with it." $sessions $budget $max $pods $where) }}
{{- end }}
{{- end }}
{{- end }}

{{/* A name twice is refused by the API server, in words that do not help; X beside X_FILE by the programs. */}}
{{- define "sabai.checkEnv" -}}
{{- $common := include "sabai.commonEnv" . }}
{{- $sides := dict "bot" (include "sabai.botEnv" .) "agent" (include "sabai.agentEnv" .) }}
{{- range $side, $own := $sides }}
{{- $ours := list }}
{{- range printf "%s\n%s" $common $own | fromYamlArray }}{{- $ours = append $ours (trimSuffix "_FILE" .name) }}{{- end }}
{{- range get (get $.Values $side) "extraEnv" }}
{{- if has (trimSuffix "_FILE" .name) $ours }}
{{- fail (printf "%s.extraEnv sets %s, which the chart sets itself: there is a value for it." $side .name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
