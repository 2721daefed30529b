{{/* The release's full name: of its PoolConfig, Lease, ServiceAccount, Service and workload. */}}
{{- define "sabai.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name -}}
{{- end }}

{{/* What the release's pods are found by; it can never be changed. */}}
{{- define "sabai.selectorLabels" -}}
app.kubernetes.io/name: sabai
app.kubernetes.io/instance: {{ include "sabai.fullname" . | quote }}
app.kubernetes.io/component: bot
{{- end }}

{{/* Of every object but the pods. Where a common label has a name of ours, ours stands. */}}
{{- define "sabai.labels" -}}
{{- $chart := printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- $ours := dict
  "app.kubernetes.io/name" "sabai"
  "app.kubernetes.io/instance" (include "sabai.fullname" .)
  "app.kubernetes.io/version" (.Chart.AppVersion | replace "+" "_")
  "app.kubernetes.io/managed-by" .Release.Service
  "app.kubernetes.io/part-of" "sabai"
  "helm.sh/chart" $chart }}
{{- merge $ours .Values.commonLabels | toYaml }}
{{- end }}

{{/* The head of an object's metadata. */}}
{{- define "sabai.metadata" -}}
name: {{ include "sabai.fullname" . | quote }}
namespace: {{ .Release.Namespace | quote }}
labels:
  {{- include "sabai.labels" . | nindent 2 }}
{{- end }}

{{/* One image for both programs; a digest says exactly which. */}}
{{- define "sabai.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Which series are the release's: the job of a PodMonitor's series is NAMESPACE/ITS NAME. */}}
{{- define "sabai.seriesSelector" -}}
{{- printf "namespace=%q,job=\"%s/%s\"" .Release.Namespace .Release.Namespace (include "sabai.fullname" .) }}
{{- end }}

{{/* A file of the chart that is for one release. $NAMESPACE comes before $NAME, which it begins with.
Takes the list (root, file). */}}
{{- define "sabai.filledIn" -}}
{{- $root := index . 0 }}
{{- $name := include "sabai.fullname" $root }}
{{- $text := $root.Files.Get (index . 1) }}
{{- $text = $text | replace "$NAMESPACE" $root.Release.Namespace | replace "$NAME" $name | replace "$SERVICEACCOUNT" $name }}
{{- $text | replace "$SELECTOR" (include "sabai.seriesSelector" $root) | replace "$RUNBOOKS" $root.Values.prometheusRule.runbooks }}
{{- end }}

{{/* Deployment, or StatefulSet where each pod keeps a claim of its own. */}}
{{- define "sabai.workloadKind" -}}
{{- ternary "StatefulSet" "Deployment" .Values.spool.persistence.enabled }}
{{- end }}

{{/* Whether something else than the chart decides how many pods there are; empty for no. */}}
{{- define "sabai.isScaled" -}}
{{- if or .Values.autoscaling.enabled .Values.keda.enabled }}true{{ end }}
{{- end }}

{{/* The most pods that may be wanted. */}}
{{- define "sabai.maxReplicas" -}}
{{- if .Values.autoscaling.enabled }}
{{- int .Values.autoscaling.maxReplicas }}
{{- else if .Values.keda.enabled }}
{{- int .Values.keda.maxReplicas }}
{{- else }}
{{- int .Values.replicas }}
{{- end }}
{{- end }}

{{/* Where the pods are: what counts as "the same pods" for spreading. */}}
{{- define "sabai.revisionLabel" -}}
{{- ternary "controller-revision-hash" "pod-template-hash" .Values.spool.persistence.enabled }}
{{- end }}

{{/* In seconds, from SIGTERM to SIGKILL. The bot's own times (bot/src/app.rs): webhooks are still taken for 3 s, work ends within
20, calls within 5; then the spool is emptied, which is the operator's word; spool, debts, sessions, acceptances and health page
take 5 each at most. Then the agent ends within 2 s (agent/src/app.rs); 5 more for the kubelet. */}}
{{- define "sabai.gracePeriod" -}}
{{- add 3 20 5 (int .Values.spool.evacuationSeconds) 5 5 5 5 5 2 5 }}
{{- end }}

{{/* PSS "restricted", and nothing that is written but the volumes. */}}
{{- define "sabai.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
readOnlyRootFilesystem: true
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end }}
