package main

import (
	"encoding/json"
	"fmt"

	snapshots "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/policy"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	policyvalidation "k8s.io/kubernetes/pkg/apis/policy/validation"
	"k8s.io/kubernetes/pkg/apis/rbac"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	rbacvalidation "k8s.io/kubernetes/pkg/apis/rbac/validation"
	"k8s.io/kubernetes/pkg/apis/storage"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	storagevalidation "k8s.io/kubernetes/pkg/apis/storage/validation"
	"k8s.io/kubernetes/pkg/capabilities"
)

type objectsRequest struct {
	Objects []object `json:"objects"`
}

type updateRequest struct {
	Old object `json:"old"`
	New object `json:"new"`
}

// What is not built into Kubernetes is held to the Go types of its own project: names and types of fields.
var extensions = func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(snapshots.AddToScheme(scheme))
	utilruntime.Must(monitoring.AddToScheme(scheme))
	return scheme
}()

var decoders = []runtime.Decoder{
	serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict).UniversalDecoder(),
	serializer.NewCodecFactory(extensions, serializer.EnableStrict).UniversalDeserializer(),
}

func init() {
	capabilities.Initialize(capabilities.Capabilities{AllowPrivileged: true})
}

func titleOf(given object) string {
	metadata, _ := given["metadata"].(object)
	return fmt.Sprintf("%v %v", given["kind"], metadata["name"])
}

// decode refuses fields that the API does not know, and fills in what the API server would.
func decode(given object) (runtime.Object, error) {
	text, err := json.Marshal(given)
	if err != nil {
		return nil, err
	}
	for _, decoder := range decoders {
		var decoded runtime.Object
		decoded, _, err = decoder.Decode(text, nil, nil)
		if err == nil || !runtime.IsNotRegisteredError(err) {
			return decoded, err
		}
	}
	return nil, err
}

func problemsOf(given object, errors field.ErrorList) []string {
	var problems []string
	for _, err := range errors {
		problems = append(problems, titleOf(given)+": "+err.Error())
	}
	return problems
}

func validate(request objectsRequest) answer {
	var reply answer
	for _, given := range request.Objects {
		decoded, err := decode(given)
		if err != nil {
			reply.Problems = append(reply.Problems, titleOf(given)+": "+err.Error())
			continue
		}
		errors, known := problemsOfNew(decoded)
		if !known {
			reply.Problems = append(reply.Problems, titleOf(given)+": nothing checks this kind")
		}
		reply.Problems = append(reply.Problems, problemsOf(given, errors)...)
	}
	return reply
}

func validateUpdate(request updateRequest) answer {
	before, err := decode(request.Old)
	if err != nil {
		return failed(err)
	}
	after, err := decode(request.New)
	if err != nil {
		return failed(err)
	}
	errors, known := problemsOfUpdate(before, after)
	if !known {
		return answer{Problems: []string{titleOf(request.New) + ": nothing checks an update of this kind"}}
	}
	return answer{Problems: problemsOf(request.New, errors)}
}

// takeVersionOver makes `after` the next version of `before`, as an update that is sent to an API server is.
func takeVersionOver(before, after runtime.Object) {
	old, errOld := meta.Accessor(before)
	next, errNext := meta.Accessor(after)
	if errOld != nil || errNext != nil {
		return
	}
	old.SetResourceVersion("1")
	next.SetResourceVersion("1")
}

func problemsOfNew(decoded runtime.Object) (field.ErrorList, bool) {
	switch it := decoded.(type) {
	case *core.Pod:
		return corevalidation.ValidatePodCreate(it, pod.GetValidationOptionsFromPodSpecAndMeta(&it.Spec, nil, &it.ObjectMeta, nil)), true
	case *core.Secret:
		return corevalidation.ValidateSecret(it), true
	case *core.ConfigMap:
		return corevalidation.ValidateConfigMap(it), true
	case *core.ServiceAccount:
		return corevalidation.ValidateServiceAccount(it), true
	case *core.PersistentVolumeClaim:
		return corevalidation.ValidatePersistentVolumeClaim(it, corevalidation.ValidationOptionsForPersistentVolumeClaimCreate()), true
	case *apps.Deployment:
		return appsvalidation.ValidateDeployment(it, pod.GetValidationOptionsFromPodTemplate(&it.Spec.Template, nil)), true
	case *apps.DaemonSet:
		return appsvalidation.ValidateDaemonSet(it, pod.GetValidationOptionsFromPodTemplate(&it.Spec.Template, nil)), true
	case *apps.StatefulSet:
		options := pod.GetValidationOptionsFromPodTemplate(&it.Spec.Template, nil)
		return appsvalidation.ValidateStatefulSet(it, appsvalidation.StatefulSetValidationOptions{}, options), true
	case *policy.PodDisruptionBudget:
		return policyvalidation.ValidatePodDisruptionBudget(it, policyvalidation.PodDisruptionBudgetValidationOptions{}), true
	case *rbac.Role:
		return rbacvalidation.ValidateRole(it), true
	case *rbac.RoleBinding:
		return rbacvalidation.ValidateRoleBinding(it), true
	case *rbac.ClusterRole:
		return rbacvalidation.ValidateClusterRole(it, rbacvalidation.ClusterRoleValidationOptions{}), true
	case *rbac.ClusterRoleBinding:
		return rbacvalidation.ValidateClusterRoleBinding(it), true
	case *storage.CSIDriver:
		return storagevalidation.ValidateCSIDriver(it), true
	case *storage.StorageClass:
		return storagevalidation.ValidateStorageClass(it), true
	case *snapshots.VolumeSnapshotClass, *snapshots.VolumeSnapshot, *monitoring.PodMonitor:
		return nil, true
	}
	return nil, false
}

func problemsOfUpdate(before, after runtime.Object) (field.ErrorList, bool) {
	takeVersionOver(before, after)
	switch it := after.(type) {
	case *core.Secret:
		return corevalidation.ValidateSecretUpdate(it, before.(*core.Secret)), true
	case *core.ServiceAccount:
		return corevalidation.ValidateServiceAccountUpdate(it, before.(*core.ServiceAccount)), true
	case *apps.Deployment:
		options := pod.GetValidationOptionsFromPodTemplate(&it.Spec.Template, nil)
		return appsvalidation.ValidateDeploymentUpdate(it, before.(*apps.Deployment), options), true
	case *apps.DaemonSet:
		options := pod.GetValidationOptionsFromPodTemplate(&it.Spec.Template, nil)
		// The registry raises the generation, which this check alone would miss.
		it.Spec.TemplateGeneration = before.(*apps.DaemonSet).Spec.TemplateGeneration + 1
		return appsvalidation.ValidateDaemonSetUpdate(it, before.(*apps.DaemonSet), options), true
	case *rbac.ClusterRole:
		return rbacvalidation.ValidateClusterRoleUpdate(it, before.(*rbac.ClusterRole), rbacvalidation.ClusterRoleValidationOptions{}), true
	case *rbac.ClusterRoleBinding:
		return rbacvalidation.ValidateClusterRoleBindingUpdate(it, before.(*rbac.ClusterRoleBinding)), true
	case *storage.CSIDriver:
		return storagevalidation.ValidateCSIDriverUpdate(it, before.(*storage.CSIDriver)), true
	case *storage.StorageClass:
		return storagevalidation.ValidateStorageClassUpdate(it, before.(*storage.StorageClass)), true
	}
	return nil, false
}
