package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

type chartRequest struct {
	Chart             string         `json:"chart"`
	Values            map[string]any `json:"values"`
	Release           string         `json:"release"`
	Namespace         string         `json:"namespace"`
	KubernetesVersion string         `json:"kubernetesVersion"`
}

func failed(err error) answer { return answer{Problems: []string{err.Error()}} }

// renderChart does what `helm template` does: values over the chart's own, its schema, its templates.
func renderChart(request chartRequest) answer {
	chart, err := loader.Load(request.Chart)
	if err != nil {
		return failed(err)
	}
	version, err := common.ParseKubeVersion(request.KubernetesVersion)
	if err != nil {
		return failed(err)
	}
	if wanted := chart.Metadata.KubeVersion; wanted != "" && !chartutil.IsCompatibleRange(wanted, version.String()) {
		return answer{Problems: []string{"the chart is for Kubernetes " + wanted + ", not " + version.String()}}
	}
	capabilities := common.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *version
	release := common.ReleaseOptions{Name: request.Release, Namespace: request.Namespace, IsInstall: true, Revision: 1}
	values, err := util.ToRenderValues(chart, request.Values, release, capabilities)
	if err != nil {
		return failed(err)
	}
	files, err := engine.Render(chart, values)
	if err != nil {
		return failed(err)
	}
	return answerOf(files)
}

func answerOf(files map[string]string) answer {
	var reply answer
	for name, text := range files {
		switch path.Ext(name) {
		case ".txt":
			reply.Notes += text
		case ".yaml":
			objects, err := documentsOf([]byte(text))
			if err != nil {
				return answer{Problems: []string{name + ": " + err.Error()}}
			}
			reply.Objects = append(reply.Objects, objects...)
		}
	}
	slices.SortFunc(reply.Objects, func(a, b object) int { return strings.Compare(titleOf(a), titleOf(b)) })
	return reply
}

// documentsOf reads YAML in which no key may stand twice.
func documentsOf(text []byte) ([]object, error) {
	var objects []object
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		var read object
		if err := yaml.UnmarshalStrict(document, &read); err != nil {
			return nil, err
		}
		if read != nil {
			objects = append(objects, read)
		}
	}
}

func lintChart(request chartRequest) answer {
	var reply answer
	for _, message := range lint.RunAll(request.Chart, request.Values, request.Namespace).Messages {
		if message.Severity >= support.WarningSev {
			reply.Problems = append(reply.Problems, message.Error())
		}
	}
	return reply
}

type kustomizeRequest struct {
	Directory string `json:"directory"`
}

// buildKustomization does what `kubectl kustomize` does.
func buildKustomization(request kustomizeRequest) answer {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), request.Directory)
	if err != nil {
		return failed(err)
	}
	text, err := built.AsYaml()
	if err != nil {
		return failed(err)
	}
	objects, err := documentsOf(text)
	if err != nil {
		return failed(err)
	}
	return answer{Objects: objects}
}
