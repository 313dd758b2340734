{{/* Nothing for the cluster's default class, an empty name for none. */}}
{{- define "rynxs.storageClass" -}}
{{- if eq . "-" -}}
storageClassName: ""
{{- else if . -}}
storageClassName: {{ . }}
{{- end -}}
{{- end -}}

{{/*
Whether templates can see the cluster: `helm install` and `upgrade` can, `helm template` (and what is made of it, as by Argo
CD) cannot. A namespace that `--create-namespace` is about to make is not there yet.
*/}}
{{- define "rynxs.seesCluster" -}}
{{- if lookup "v1" "Namespace" "" .Release.Namespace -}}
true
{{- else if lookup "v1" "Namespace" "" "default" -}}
true
{{- end -}}
{{- end -}}

{{/* Whether this release made an object, or nobody did yet: then it is this release's to render. */}}
{{- define "rynxs.isOwn" -}}
{{- $annotations := dig "metadata" "annotations" dict .object | default dict -}}
{{- if not .object -}}
true
{{- else if and (eq (get $annotations "meta.helm.sh/release-name") .context.Release.Name) (eq (get $annotations "meta.helm.sh/release-namespace") .context.Release.Namespace) -}}
true
{{- end -}}
{{- end -}}
