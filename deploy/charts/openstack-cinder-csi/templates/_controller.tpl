{{- /* The controllers stand apart where they can, unless the values say otherwise. */ -}}
{{- define "cinder-csi.controllerAffinity" -}}
{{- with .plugin.affinity -}}
{{ toYaml . }}
{{- else -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "cinder-csi.matchLabels" . | nindent 12 }}
{{- end -}}
{{- end -}}

{{- /*
One user for all containers, since the socket is its owner's alone: nobody, or root without any capability where cloud.conf
is a file of the machine, which may be root's alone. What the values say wins, value by value.
*/ -}}
{{- define "cinder-csi.controllerPodSecurityContext" -}}
{{- $hostFile := and .Values.secret.hostMount (not .Values.secret.enabled) -}}
{{- $user := ternary 0 65532 $hostFile -}}
{{- $context := dict "runAsNonRoot" (not $hostFile) "runAsUser" $user "runAsGroup" $user -}}
{{- $_ := set $context "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- if not $hostFile -}}
{{- $_ := set $context "fsGroup" $user -}}
{{- $_ := set $context "fsGroupChangePolicy" "OnRootMismatch" -}}
{{- end -}}
{{- range $key, $value := .Values.csi.plugin.controllerPlugin.podSecurityContext -}}
{{- $_ := set $context $key $value -}}
{{- end -}}
{{ toYaml $context }}
{{- end -}}
