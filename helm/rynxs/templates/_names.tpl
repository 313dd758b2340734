{{/* What the names of a release begin with: its own name, with `rynxs` in it exactly once. */}}
{{- define "rynxs.base" -}}
{{- if contains "rynxs" .Release.Name -}}
{{- .Release.Name | trimSuffix "-operator" -}}
{{- else -}}
{{- printf "%s-rynxs" .Release.Name -}}
{{- end -}}
{{- end -}}

{{/* Name of the operator and of most that belongs to it; at most 63 characters, with room for suffixes. */}}
{{- define "rynxs.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else -}}
{{- printf "%s-operator" (include "rynxs.base" . | trunc 40 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{/* Name of a thing beside the operator, such as `rynxs-minio`. Takes the context and the suffix. */}}
{{- define "rynxs.sibling" -}}
{{- printf "%s-%s" (include "rynxs.fullname" .context | trimSuffix "-operator") .suffix -}}
{{- end -}}

{{- define "rynxs.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "rynxs.fullname" .) -}}
{{- end -}}

{{- define "rynxs.signingKeySecret" -}}
{{- .Values.signingKey.existingSecret | default (include "rynxs.sibling" (dict "context" . "suffix" "signing-key")) -}}
{{- end -}}

{{- define "rynxs.logClaim" -}}
{{- .Values.persistence.existingClaim | default (printf "%s-logs" (include "rynxs.fullname" .)) -}}
{{- end -}}

{{- define "rynxs.minioName" -}}
{{- include "rynxs.sibling" (dict "context" . "suffix" "minio") -}}
{{- end -}}

{{/* Labels of everything in the chart. */}}
{{- define "rynxs.commonLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: rynxs
{{- end -}}

{{/* Labels of what belongs to the operator. */}}
{{- define "rynxs.labels" -}}
{{ include "rynxs.commonLabels" . }}
app.kubernetes.io/name: rynxs
app.kubernetes.io/component: operator
{{- end -}}

{{/* The labels by which the operator's pods, and no others, are found. */}}
{{- define "rynxs.selectorLabels" -}}
app.kubernetes.io/name: rynxs
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* Labels of what belongs to the bundled S3 server. */}}
{{- define "rynxs.minioLabels" -}}
{{ include "rynxs.commonLabels" . }}
app.kubernetes.io/name: minio
app.kubernetes.io/component: object-store
{{- end -}}

{{- define "rynxs.minioSelectorLabels" -}}
app.kubernetes.io/name: minio
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: object-store
{{- end -}}

{{/* An image by digest where there is one, else by tag. Takes `image` and the tag to use when it names none. */}}
{{- define "rynxs.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (.image.tag | default .tag) -}}
{{- end -}}
{{- end -}}

{{- define "rynxs.operatorImage" -}}
{{- include "rynxs.image" (dict "image" .Values.image "tag" .Chart.AppVersion) -}}
{{- end -}}
