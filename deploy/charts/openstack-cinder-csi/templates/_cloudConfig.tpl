{{- /* The volume with cloud.conf; nothing where credentials are injected into the pods. */ -}}
{{- define "cinder-csi.cloudConfigVolume" -}}
{{- if .Values.secret.enabled -}}
- name: cloud-config
  secret:
    secretName: {{ .Values.secret.name }}
{{- else if .Values.secret.hostMount -}}
- name: cloud-config
  hostPath:
    path: /etc/config
{{- end -}}
{{- end -}}

{{- /* Of .list, a list of volumes or mounts, what is not called cloud-config. */ -}}
{{- define "cinder-csi.withoutCloudConfig" -}}
{{- $rest := list -}}
{{- range .list -}}
{{- if ne .name "cloud-config" -}}{{- $rest = append $rest . -}}{{- end -}}
{{- end -}}
{{- with $rest -}}{{ toYaml . }}{{- end -}}
{{- end -}}

{{- /* Volumes of the values, and cloud.conf's own. */ -}}
{{- define "cinder-csi.volumesWithCloudConfig" -}}
{{- $own := include "cinder-csi.cloudConfigVolume" . -}}
{{- if $own -}}
{{ $own }}
{{ include "cinder-csi.withoutCloudConfig" (dict "list" .Values.csi.plugin.volumes) }}
{{- else if .Values.csi.plugin.volumes -}}
{{ toYaml .Values.csi.plugin.volumes }}
{{- end -}}
{{- end -}}

{{- /* Mounts of the values, and cloud.conf's where its volume is there. */ -}}
{{- define "cinder-csi.mountsWithCloudConfig" -}}
{{- $mounts := .Values.csi.plugin.volumeMounts -}}
{{- $mounted := dict "name" "cloud-config" "mountPath" "/etc/config" "readOnly" true -}}
{{- range $mounts -}}{{- if eq .name "cloud-config" -}}{{- $mounted = . -}}{{- end -}}{{- end -}}
{{- if contains "name: cloud-config" (include "cinder-csi.volumesWithCloudConfig" .) -}}
- {{ toYaml $mounted | nindent 2 | trim }}
{{ end -}}
{{ include "cinder-csi.withoutCloudConfig" (dict "list" $mounts) }}
{{- end -}}

{{- /* A node sees the credentials only where it is asked to, and has no settings of its own. */ -}}
{{- define "cinder-csi.nodeHasCloudConfig" -}}
{{- if and .Values.csi.plugin.nodePlugin.cloudConfig (not .Values.csi.plugin.nodePlugin.config) -}}true{{- end -}}
{{- end -}}

{{- define "cinder-csi.nodeVolumes" -}}
{{- if include "cinder-csi.nodeHasCloudConfig" . -}}
{{ include "cinder-csi.volumesWithCloudConfig" . }}
{{- else -}}
{{ include "cinder-csi.withoutCloudConfig" (dict "list" .Values.csi.plugin.volumes) }}
{{- end -}}
{{- end -}}

{{- define "cinder-csi.nodeMounts" -}}
{{- if include "cinder-csi.nodeHasCloudConfig" . -}}
{{ include "cinder-csi.mountsWithCloudConfig" . }}
{{- else -}}
{{ include "cinder-csi.withoutCloudConfig" (dict "list" .Values.csi.plugin.volumeMounts) }}
{{- end -}}
{{- end -}}
