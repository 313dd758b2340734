{{- define "rynxs.signingKeyFile" -}}
/etc/rynxs/signing-key/log-signing.key
{{- end -}}

{{- define "rynxs.previousKeyFile" -}}
/etc/rynxs/previous-signing-key/log-signing.key
{{- end -}}

{{/* The sections of rynxs.yaml that plugins bring, as YAML; empty when there are none. */}}
{{- define "rynxs.configFile" -}}
{{- $sections := dict -}}
{{- range .Values.plugins -}}
{{- if and .config .id -}}{{- $_ := set $sections .id .config -}}{{- end -}}
{{- end -}}
{{- if $sections -}}{{- toYaml $sections -}}{{- end -}}
{{- end -}}

{{/* What the chart says in the environment: names and values that depend on nothing but the values. */}}
{{- define "rynxs.plainEnv" -}}
{{- $sink := include "rynxs.sink" . -}}
{{- $env := list (dict "name" "EVENT_STORE_TYPE" "value" $sink) -}}
{{- $env = append $env (dict "name" "LOG_ANCHOR" "value" (include "rynxs.anchor" .)) -}}
{{- $env = append $env (dict "name" "LOG_LEVEL" "value" .Values.logging.level) -}}
{{- $env = append $env (dict "name" "LOG_FORMAT" "value" .Values.logging.format) -}}
{{- $env = append $env (dict "name" "METRICS_PORT" "value" "8080") -}}
{{- $env = append $env (dict "name" "HEALTH_PORT" "value" "8081") -}}
{{- $env = append $env (dict "name" "RYNXS_SHARD" "value" .Values.shard) -}}
{{- $env = append $env (dict "name" "RYNXS_WORKERS" "value" (.Values.workers | int | toString)) -}}
{{- $env = append $env (dict "name" "AGENT_WORKSPACE_SIZE" "value" (.Values.agents.defaultWorkspaceSize | toString)) -}}
{{- if eq $sink "file" -}}
{{- $env = append $env (dict "name" "LOG_DIR" "value" "/var/lib/rynxs/logs") -}}
{{- end -}}
{{- if eq $sink "s3" -}}
{{- $s3 := .Values.logSink.s3 -}}
{{- $env = append $env (dict "name" "S3_BUCKET" "value" (include "rynxs.bucket" .)) -}}
{{- $env = append $env (dict "name" "S3_PREFIX" "value" $s3.prefix) -}}
{{- $env = append $env (dict "name" "S3_REGION" "value" $s3.region) -}}
{{- with include "rynxs.endpoint" . -}}
{{- $env = append $env (dict "name" "S3_ENDPOINT" "value" .) -}}
{{- end -}}
{{- if not (kindIs "invalid" $s3.forcePathStyle) -}}
{{- $env = append $env (dict "name" "S3_FORCE_PATH_STYLE" "value" (toString $s3.forcePathStyle)) -}}
{{- end -}}
{{- if $s3.caConfigMap -}}
{{- $env = append $env (dict "name" "S3_CA_FILE" "value" "/etc/rynxs/s3-ca/ca.crt") -}}
{{- end -}}
{{- end -}}
{{- if .Values.leaderElection.enabled -}}
{{- $env = append $env (dict "name" "LEADERSHIP_TYPE" "value" "lease") -}}
{{- range $name, $variable := dict "leaseDuration" "LEASE_DURATION" "renewDeadline" "RENEW_DEADLINE" "retryPeriod" "RETRY_PERIOD" "requestTimeout" "REQUEST_TIMEOUT" -}}
{{- $timing := include "rynxs.timing" (dict "timings" $.Values.leaderElection "name" $name) -}}
{{- $env = append $env (dict "name" (printf "LEADER_ELECTION_%s" $variable) "value" $timing) -}}
{{- end -}}
{{- end -}}
{{- if include "rynxs.hasSigningKey" . -}}
{{- $env = append $env (dict "name" "LOG_SIGNING_KEY_FILE" "value" (include "rynxs.signingKeyFile" .)) -}}
{{- end -}}
{{- if .Values.signingKey.previousSecret -}}
{{- $env = append $env (dict "name" "LOG_PREVIOUS_SIGNING_KEY_FILE" "value" (include "rynxs.previousKeyFile" .)) -}}
{{- end -}}
{{- with .Values.signingKey.trustedKeys -}}
{{- $env = append $env (dict "name" "LOG_TRUSTED_KEYS" "value" (join "," .)) -}}
{{- end -}}
{{- with .Values.watchNamespaces -}}
{{- $env = append $env (dict "name" "KUBE_NAMESPACES" "value" (join "," .)) -}}
{{- end -}}
{{- with .Values.plugins -}}
{{- $packages := list -}}
{{- range . -}}{{- $packages = append $packages .package -}}{{- end -}}
{{- $env = append $env (dict "name" "RYNXS_PLUGINS" "value" (join "," $packages)) -}}
{{- end -}}
{{- toYaml $env -}}
{{- end -}}

{{/*
Environment of the operator. Of several entries of one name the last remains: what the user says replaces what the chart says.
*/}}
{{- define "rynxs.env" -}}
{{- $pod := list (dict "name" "POD_NAME" "valueFrom" (dict "fieldRef" (dict "fieldPath" "metadata.name"))) (dict "name" "POD_NAMESPACE" "valueFrom" (dict "fieldRef" (dict "fieldPath" "metadata.namespace"))) -}}
{{- $all := concat $pod (include "rynxs.plainEnv" . | fromYamlArray) -}}
{{- $secret := include "rynxs.s3Secret" . -}}
{{- if and (eq (include "rynxs.sink" .) "s3") $secret -}}
{{- range $key := list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" -}}
{{- $all = append $all (dict "name" $key "valueFrom" (dict "secretKeyRef" (dict "name" $secret "key" $key))) -}}
{{- end -}}
{{- end -}}
{{- range .Values.plugins -}}{{- $all = concat $all (.env | default list) -}}{{- end -}}
{{- $all = concat $all .Values.extraEnv -}}
{{- $last := dict -}}
{{- range $all -}}{{- $_ := set $last .name . -}}{{- end -}}
{{- $env := list -}}
{{- range $all -}}
{{- if hasKey $last .name -}}
{{- $env = append $env (get $last .name) -}}
{{- $_ := unset $last .name -}}
{{- end -}}
{{- end -}}
{{- toYaml $env -}}
{{- end -}}

{{/* Whether the pod has a volume at the log's usual place. */}}
{{- define "rynxs.hasLogVolume" -}}
{{- if or (eq (include "rynxs.sink" .) "file") (include "rynxs.hasClaim" .) -}}
true
{{- end -}}
{{- end -}}

{{/* Volume mounts that the configuration needs, all but the log's. */}}
{{- define "rynxs.configMounts" -}}
{{- if include "rynxs.hasSigningKey" . }}
- {name: signing-key, mountPath: /etc/rynxs/signing-key, readOnly: true}
{{- end }}
{{- if .Values.signingKey.previousSecret }}
- {name: previous-signing-key, mountPath: /etc/rynxs/previous-signing-key, readOnly: true}
{{- end }}
{{- if and (eq (include "rynxs.sink" .) "s3") .Values.logSink.s3.caConfigMap }}
- {name: s3-ca, mountPath: /etc/rynxs/s3-ca, readOnly: true}
{{- end }}
{{- if include "rynxs.configFile" . }}
- {name: config, mountPath: /etc/rynxs/config, readOnly: true}
{{- end }}
{{- if .Values.pluginImages }}
- {name: plugins, mountPath: /mnt/plugins, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The volumes of these mounts, without the log's. Keys are for the group of the pod alone: 288 is 0440. */}}
{{- define "rynxs.configVolumes" -}}
{{- if include "rynxs.hasSigningKey" . }}
- name: signing-key
  secret: {secretName: {{ include "rynxs.signingKeySecret" . }}, defaultMode: 288}
{{- end }}
{{- with .Values.signingKey.previousSecret }}
- name: previous-signing-key
  secret: {secretName: {{ . }}, defaultMode: 288}
{{- end }}
{{- if and (eq (include "rynxs.sink" .) "s3") .Values.logSink.s3.caConfigMap }}
- name: s3-ca
  configMap: {name: {{ .Values.logSink.s3.caConfigMap }}}
{{- end }}
{{- if include "rynxs.configFile" . }}
- name: config
  configMap: {name: {{ include "rynxs.fullname" . }}-config}
{{- end }}
{{- if .Values.pluginImages }}
- name: plugins
  emptyDir: {}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Containers that copy plugins out of their images, one after the other. */}}
{{- define "rynxs.pluginContainers" -}}
{{- range .Values.pluginImages }}
- name: plugin-{{ .name }}
  image: {{ .image | quote }}
  imagePullPolicy: {{ $.Values.image.pullPolicy }}
  {{- if .command }}
  command: {{ toJson .command }}
  {{- else }}
  command: [cp, -R, {{ printf "%s/." (trimSuffix "/" .path) | quote }}, /mnt/plugins/{{ .name }}]
  {{- end }}
  env:
    - {name: TARGET, value: /mnt/plugins/{{ .name }}}
  resources: {{- toYaml $.Values.resources | nindent 4 }}
  securityContext: {{- toYaml $.Values.securityContext | nindent 4 }}
  volumeMounts:
    - {name: plugins, mountPath: /mnt/plugins}
{{- end }}
{{- end -}}

{{/* All volume mounts of the operator, and their volumes. */}}
{{- define "rynxs.mounts" -}}
{{- if include "rynxs.hasLogVolume" . }}
- {name: logs, mountPath: /var/lib/rynxs/logs}
{{- end }}
{{- include "rynxs.configMounts" . }}
{{- end -}}

{{- define "rynxs.volumes" -}}
{{- if include "rynxs.hasClaim" . }}
- name: logs
  persistentVolumeClaim: {claimName: {{ include "rynxs.logClaim" . }}}
{{- else if include "rynxs.hasLogVolume" . }}
- name: logs
  emptyDir: {}
{{- end }}
{{- include "rynxs.configVolumes" . }}
{{- end -}}

{{/* What every pod of the chart has. */}}
{{- define "rynxs.podSettings" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.podSecurityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}
