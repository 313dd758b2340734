{{/*
The rules of files/rbac.yaml, as a JSON object: `cluster` for a ClusterRole, `watched` for a Role in each watched namespace (empty
when all are watched), `own` for a Role in the operator's namespace. Rules for a Lease or an anchor that nobody uses are left out.
*/}}
{{- define "rynxs.rules" -}}
{{- $file := .Files.Get "files/rbac.yaml" | fromYaml -}}
{{- $suffix := ternary "" (printf "-%s" .Values.shard) (eq .Values.shard "default") -}}
{{- $cluster := list -}}
{{- $watched := list -}}
{{- range $rule := $file.clusterRules -}}
{{- $isClusterScoped := or $rule.nonResourceURLs (has (first ($rule.resources | default (list ""))) (list "namespaces" "universes" "universes/status")) -}}
{{- if or $isClusterScoped (empty $.Values.watchNamespaces) -}}
{{- $cluster = append $cluster $rule -}}
{{- else -}}
{{- $watched = append $watched $rule -}}
{{- end -}}
{{- end -}}
{{- $own := list -}}
{{- range $rule := $file.namespaceRules -}}
{{- $isUsed := ternary $.Values.leaderElection.enabled (ne (include "rynxs.anchor" $) "none") (eq (first $rule.resources) "leases") -}}
{{- if $isUsed -}}
{{- if $rule.resourceNames -}}
{{- $rule = set $rule "resourceNames" (list (printf "%s%s" (first $rule.resourceNames) $suffix)) -}}
{{- end -}}
{{- $own = append $own $rule -}}
{{- end -}}
{{- end -}}
{{- toJson (dict "cluster" $cluster "watched" $watched "own" $own) -}}
{{- end -}}

{{/* A role's binding to the operator. Takes the context, kind and name of the role, and the namespace of a Role. */}}
{{- define "rynxs.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels: {{- include "rynxs.labels" .context | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "rynxs.serviceAccountName" .context }}
    namespace: {{ .context.Release.Namespace }}
{{- end -}}
