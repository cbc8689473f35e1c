{{- define "cinder-csi.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* What Deployment and DaemonSet select by. Kubernetes lets nobody change it, so it is as the Go driver's chart has it. */ -}}
{{- define "cinder-csi.matchLabels" -}}
component: {{ .component }}
app: {{ include "cinder-csi.name" .root }}
release: {{ .root.Release.Name }}
{{- end -}}

{{- /* What is selected by wins over .more, labels of the values, and these over the chart's own. */ -}}
{{- define "cinder-csi.labels" -}}
{{- $selected := include "cinder-csi.matchLabels" . | fromYaml -}}
{{- $chart := printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- $own := dict "chart" $chart "heritage" .root.Release.Service -}}
{{ toYaml (merge $selected (.more | default dict) .root.Values.extraLabels $own) }}
{{- end -}}

{{- define "cinder-csi.metadata" -}}
name: {{ include "cinder-csi.name" .root }}-{{ .component }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "cinder-csi.labels" . | nindent 2 }}
{{- with .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* .plugin is the controller's or the node's part of the values. */ -}}
{{- define "cinder-csi.podMetadata" -}}
labels:
  {{- include "cinder-csi.labels" (merge (dict "more" .plugin.podLabels) .) | nindent 2 }}
{{- $annotations := merge (dict) .plugin.podAnnotations .root.Values.commonAnnotations .annotations }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "cinder-csi.driverImage" -}}
{{- $of := .root.Values.csi.plugin.image -}}
{{- $own := .plugin.image -}}
image: "{{ $own.repository | default $of.repository }}:{{ $own.tag | default $of.tag | default .root.Chart.AppVersion }}"
imagePullPolicy: {{ $own.pullPolicy | default $of.pullPolicy }}
{{- end -}}
