package main

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// checkPodSecurity holds the pods of workloads to the standard "restricted", in its newest version.
func checkPodSecurity(request objectsRequest) answer {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return failed(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	var reply answer
	for _, given := range request.Objects {
		template, err := templateOf(given)
		if err != nil {
			return failed(err)
		}
		if template == nil {
			continue
		}
		for _, result := range evaluator.EvaluatePod(restricted, &template.ObjectMeta, &template.Spec) {
			if !result.Allowed {
				problem := fmt.Sprintf("%s: %s (%s)", titleOf(given), result.ForbiddenReason, result.ForbiddenDetail)
				reply.Problems = append(reply.Problems, problem)
			}
		}
	}
	return reply
}

// templateOf is nil for objects without pods.
func templateOf(given object) (*corev1.PodTemplateSpec, error) {
	spec, _ := given["spec"].(object)
	if spec == nil || spec["template"] == nil {
		return nil, nil
	}
	text, err := json.Marshal(spec["template"])
	if err != nil {
		return nil, err
	}
	template := &corev1.PodTemplateSpec{}
	return template, json.Unmarshal(text, template)
}
