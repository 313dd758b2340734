{{/* Where the log is: what was chosen, or what the enabled parts ask for. */}}
{{- define "rynxs.sink" -}}
{{- if ne .Values.logSink.type "file" -}}
{{- .Values.logSink.type -}}
{{- else if or .Values.logSink.s3.enabled .Values.minio.enabled -}}
s3
{{- else -}}
file
{{- end -}}
{{- end -}}

{{/* Whether the log is on a volume that ends with the pod. */}}
{{- define "rynxs.isVolatile" -}}
{{- if and (eq (include "rynxs.sink" .) "file") (not .Values.persistence.enabled) -}}
true
{{- end -}}
{{- end -}}

{{/* Whether the log, or what a plugin stores it in, is on a volume of its own that is kept. */}}
{{- define "rynxs.hasClaim" -}}
{{- if and (ne (include "rynxs.sink" .) "s3") .Values.persistence.enabled -}}
true
{{- end -}}
{{- end -}}

{{- define "rynxs.anchor" -}}
{{- if include "rynxs.isVolatile" . -}}
none
{{- else -}}
{{- .Values.logSink.anchor -}}
{{- end -}}
{{- end -}}

{{- define "rynxs.bucket" -}}
{{- .Values.logSink.s3.bucket | default (ternary "rynxs-events" "" .Values.minio.enabled) -}}
{{- end -}}

{{- define "rynxs.endpoint" -}}
{{- .Values.logSink.s3.endpoint | default (ternary (printf "minio-service.%s.svc:9000" .Release.Namespace) "" .Values.minio.enabled) -}}
{{- end -}}

{{/* Secret of the bundled server's root user. */}}
{{- define "rynxs.minioSecret" -}}
{{- .Values.minio.existingSecret | default .Values.logSink.s3.accessKeySecret | default (include "rynxs.minioName" .) -}}
{{- end -}}

{{/* Secret of the operator's credentials; empty when they come from elsewhere. */}}
{{- define "rynxs.s3Secret" -}}
{{- if .Values.logSink.s3.accessKeySecret -}}
{{- .Values.logSink.s3.accessKeySecret -}}
{{- else if .Values.minio.enabled -}}
{{- include "rynxs.minioSecret" . -}}
{{- end -}}
{{- end -}}

{{- define "rynxs.hasSigningKey" -}}
{{- if or .Values.signingKey.create .Values.signingKey.existingSecret -}}
true
{{- end -}}
{{- end -}}

{{/* One timing of the election, as a duration. Takes the values of `leaderElection` and the name. */}}
{{- define "rynxs.timing" -}}
{{- $seconds := index .timings (printf "%sSeconds" .name) -}}
{{- if kindIs "invalid" $seconds -}}
{{- $duration := index .timings .name | toString -}}
{{- if regexMatch "^[0-9]+$" $duration -}}{{ $duration }}s{{- else -}}{{ $duration }}{{- end -}}
{{- else -}}
{{- int64 $seconds }}s
{{- end -}}
{{- end -}}

{{/* Milliseconds of a duration such as `15s`. */}}
{{- define "rynxs.milliseconds" -}}
{{- $number := regexFind "^[0-9]+" . | int64 -}}
{{- mul $number (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) (regexFind "[a-z]+$" .)) -}}
{{- end -}}
