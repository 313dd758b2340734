{{/*
Refuses what cannot work, with what to do instead. What is wrong in itself is refused by values.schema.json; here is what does
not go together.
*/}}
{{- define "rynxs.checks" -}}
{{- include "rynxs.checkReplicas" . -}}
{{- include "rynxs.checkClaim" . -}}
{{- include "rynxs.checkSink" . -}}
{{- include "rynxs.checkTimings" . -}}
{{- include "rynxs.checkDisruptionBudget" . -}}
{{- include "rynxs.checkKubernetes" . -}}
{{- include "rynxs.checkReferences" . -}}
{{- end -}}

{{- define "rynxs.checkReplicas" -}}
{{- $replicas := int .Values.replicaCount -}}
{{- $sink := include "rynxs.sink" . -}}
{{- if and (gt $replicas 1) (not .Values.leaderElection.enabled) -}}
{{- fail (printf "replicaCount is %d without leaderElection.enabled: replicas that do not choose a leader would all act. Add:\n\nleaderElection:\n  enabled: true\n\nor set replicaCount: 1." $replicas) -}}
{{- end -}}
{{- if and (gt $replicas 1) (eq $sink "file") -}}
{{- fail (printf "replicaCount is %d with the log in a file: a file is for one operator, on one node. Put the log where all replicas can reach it. Add:\n\nlogSink:\n  type: s3\n  s3:\n    bucket: my-event-log\n    accessKeySecret: my-s3-credentials # keys AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY\n\nor, to try it out, a bundled server:\n\nminio:\n  enabled: true\n\nor set replicaCount: 1." $replicas) -}}
{{- end -}}
{{- end -}}

{{/* A third party's store of replicas has no volume: they cannot share one. */}}
{{- define "rynxs.checkClaim" -}}
{{- if and (gt (int .Values.replicaCount) 1) (include "rynxs.hasClaim" .) -}}
{{- fail (printf "replicaCount is %d with one volume for the log: replicas on different nodes cannot share it. Set persistence.enabled: false, for a store of the type %s that all replicas can reach, or replicaCount: 1." (int .Values.replicaCount) .Values.logSink.type) -}}
{{- end -}}
{{- end -}}

{{- define "rynxs.checkSink" -}}
{{- $sink := include "rynxs.sink" . -}}
{{- $s3 := .Values.logSink.s3 -}}
{{- if and $s3.enabled (ne $sink "s3") -}}
{{- fail (printf "logSink.s3.enabled is true, but logSink.type is %s: set logSink.type: s3, or logSink.s3.enabled: false." $sink) -}}
{{- end -}}
{{- if and (eq $sink "s3") (not (include "rynxs.bucket" .)) -}}
{{- fail "logSink.s3.bucket is missing: the log is to be in a bucket. Add:\n\nlogSink:\n  s3:\n    bucket: my-event-log\n\nThe bucket must exist; docs/S3_BUCKET_POLICY.md says how to make it." -}}
{{- end -}}
{{- if and (not (has $sink (list "file" "s3"))) (empty .Values.plugins) -}}
{{- fail (printf "logSink.type is %s, which neither Rynxs nor a plugin provides: name the package that does in `plugins`, or use file or s3." $sink) -}}
{{- end -}}
{{- end -}}

{{- define "rynxs.checkTimings" -}}
{{- if .Values.leaderElection.enabled -}}
{{- $ms := dict -}}
{{- range $name := list "leaseDuration" "renewDeadline" "retryPeriod" "requestTimeout" -}}
{{- $_ := set $ms $name (include "rynxs.milliseconds" (include "rynxs.timing" (dict "timings" $.Values.leaderElection "name" $name)) | int64) -}}
{{- end -}}
{{- $needed := add $ms.renewDeadline $ms.retryPeriod $ms.requestTimeout $ms.requestTimeout (div (mul $ms.leaseDuration 2) 100) -}}
{{- if ge $needed $ms.leaseDuration -}}
{{- fail (printf "leaderElection: another replica would take over while the leader may still act. renewDeadline + retryPeriod + 2 × requestTimeout + 2 %% of leaseDuration are %d ms; leaseDuration must be more, and is %d ms. Raise leaseDuration, or lower the others." $needed $ms.leaseDuration) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A number or percentage of the replicas, rounded up as the disruption controller does. Takes value and replicas. */}}
{{- define "rynxs.scaled" -}}
{{- $text := toString .value -}}
{{- if hasSuffix "%" $text -}}
{{- div (add (mul (trimSuffix "%" $text | int) .replicas) 99) 100 -}}
{{- else -}}
{{- int .value -}}
{{- end -}}
{{- end -}}

{{- define "rynxs.checkDisruptionBudget" -}}
{{- $budget := .Values.podDisruptionBudget -}}
{{- $replicas := int .Values.replicaCount -}}
{{- $hasMin := not (kindIs "invalid" $budget.minAvailable) -}}
{{- $hasMax := not (kindIs "invalid" $budget.maxUnavailable) -}}
{{- if and $budget.enabled (gt $replicas 1) -}}
{{- if and $hasMin $hasMax -}}
{{- fail "podDisruptionBudget has both minAvailable and maxUnavailable: Kubernetes takes one of them. Remove the other." -}}
{{- end -}}
{{- if and $hasMin (ge (include "rynxs.scaled" (dict "value" $budget.minAvailable "replicas" $replicas) | int) $replicas) -}}
{{- fail (printf "podDisruptionBudget.minAvailable is %v of %d replicas: no node with one of them could ever be drained. Set minAvailable: 1, or maxUnavailable: 1 instead." $budget.minAvailable $replicas) -}}
{{- end -}}
{{- if and $hasMax (lt (include "rynxs.scaled" (dict "value" $budget.maxUnavailable "replicas" $replicas) | int) 1) -}}
{{- fail (printf "podDisruptionBudget.maxUnavailable is %v: no node with a replica could ever be drained. Set maxUnavailable: 1." $budget.maxUnavailable) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "rynxs.checkKubernetes" -}}
{{- if .Values.execPolicy.enabled -}}
{{- if semverCompare "<1.30.0-0" .Capabilities.KubeVersion.Version -}}
{{- fail (printf "execPolicy.enabled needs Kubernetes 1.30 for ValidatingAdmissionPolicy; this is %s. Set execPolicy.enabled: false, and bound pods/exec by RBAC." .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- if and (empty .Values.execPolicy.namespaces) (empty .Values.watchNamespaces) -}}
{{- fail "execPolicy.enabled needs the namespaces of the Agents: the API server does not say whose pod a command is for. Add:\n\nexecPolicy:\n  namespaces: [my-agents]" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "rynxs.checkReferences" -}}
{{- $metrics := .Values.metrics -}}
{{- range $part := list "serviceMonitor" "networkPolicy" "prometheusRule" "dashboards" -}}
{{- if and (index $metrics $part).enabled (not $metrics.enabled) -}}
{{- fail (printf "metrics.%s.enabled is true without metrics.enabled: there is no Service by which metrics are read, and that alerts and dashboards go by. Add:\n\nmetrics:\n  enabled: true" $part) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.signingKey.previousSecret (not (include "rynxs.hasSigningKey" .)) -}}
{{- fail "signingKey.previousSecret is set without a signing key that it could vouch for: set signingKey.existingSecret." -}}
{{- end -}}
{{- range $index, $plugin := .Values.plugins -}}
{{- if and $plugin.config (not $plugin.id) -}}
{{- fail (printf "plugins[%d] (%s) has config without id: settings stand under the id of the plugin, which its documentation names. Add id." $index $plugin.package) -}}
{{- end -}}
{{- end -}}
{{- end -}}
