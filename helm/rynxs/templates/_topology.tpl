{{/* How replicas are spread; empty for one. Those of an earlier version do not count, where Kubernetes can tell (1.27). */}}
{{- define "rynxs.topologySpread" -}}
{{- $spread := .Values.topologySpread -}}
{{- $asked := dict "kubernetes.io/hostname" $spread.nodes "topology.kubernetes.io/zone" $spread.zones -}}
{{- $constraints := list -}}
{{- range $key, $how := $asked -}}
{{- if ne $how "off" -}}
{{- $constraint := dict "maxSkew" 1 "topologyKey" $key "whenUnsatisfiable" (ternary "DoNotSchedule" "ScheduleAnyway" (eq $how "hard")) -}}
{{- $_ := set $constraint "labelSelector" (dict "matchLabels" (include "rynxs.selectorLabels" $ | fromYaml)) -}}
{{- if semverCompare ">=1.27.0-0" $.Capabilities.KubeVersion.Version -}}
{{- $_ := set $constraint "matchLabelKeys" (list "pod-template-hash") -}}
{{- end -}}
{{- $constraints = append $constraints $constraint -}}
{{- end -}}
{{- end -}}
{{- if and (gt (int .Values.replicaCount) 1) $constraints -}}
topologySpreadConstraints:
  {{- toYaml $constraints | nindent 2 }}
{{- end -}}
{{- end -}}
