{{- /* Arguments as a list, or as the text of one, which may hold templates. */ -}}
{{- define "cinder-csi.extraArgs" -}}
{{- if kindIs "string" .args -}}
{{ tpl .args .root | trim }}
{{- else if .args -}}
{{ tpl (toYaml .args) .root }}
{{- end -}}
{{- end -}}

{{- define "cinder-csi.sidecar" -}}
- name: {{ .name }}
  image: "{{ .sidecar.image.repository }}:{{ .sidecar.image.tag }}"
  imagePullPolicy: {{ .sidecar.image.pullPolicy }}
  args:
    - -v={{ .root.Values.logVerbosityLevel }}
    - --csi-address=/csi/csi.sock
    {{- range .args }}
    - {{ quote . }}
    {{- end }}
    {{- with include "cinder-csi.extraArgs" (dict "args" .sidecar.extraArgs "root" .root) }}
    {{- . | nindent 4 }}
    {{- end }}
  {{- with .sidecar.extraEnv }}
  env:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  resources:
    {{- toYaml .sidecar.resources | nindent 4 }}
  securityContext:
    {{- toYaml .securityContext | nindent 4 }}
  volumeMounts:
    - name: socket-dir
      mountPath: /csi
    {{- with .mounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "cinder-csi.livenessSidecar" -}}
{{- $probe := .root.Values.csi.livenessprobe -}}
{{- $args := list (printf "--probe-timeout=%ds" (int $probe.timeoutSeconds)) -}}
{{- with .healthPort -}}{{- $args = append $args (printf "--health-port=%d" (int .)) -}}{{- end -}}
{{ include "cinder-csi.sidecar" (merge (dict "name" "liveness-probe" "sidecar" $probe "args" $args) .) }}
{{- end -}}

{{- define "cinder-csi.livenessProbe" -}}
livenessProbe:
  httpGet:
    path: /healthz
    port: healthz
  failureThreshold: {{ .failureThreshold }}
  initialDelaySeconds: {{ .initialDelaySeconds }}
  timeoutSeconds: {{ .timeoutSeconds }}
  periodSeconds: {{ .periodSeconds }}
{{- end -}}

{{- /* What both pods may have besides their containers. */ -}}
{{- define "cinder-csi.podExtras" -}}
{{- with .plugin.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .plugin.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .plugin.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
