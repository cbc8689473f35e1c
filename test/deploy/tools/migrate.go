package main

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	translation "k8s.io/csi-translation-lib"
	"k8s.io/klog/v2"
)

// migrate does what Kubernetes does with volumes and classes of the plug-in that was once part of it, before a driver sees them.
func migrate(request objectsRequest) answer {
	var reply answer
	for _, given := range request.Objects {
		translated, err := migrateOne(given)
		if err != nil {
			return failed(err)
		}
		reply.Objects = append(reply.Objects, translated)
	}
	return reply
}

func migrateOne(given object) (object, error) {
	translator := translation.New()
	text, err := json.Marshal(given)
	if err != nil {
		return nil, err
	}
	switch given["kind"] {
	case "PersistentVolume":
		volume := &corev1.PersistentVolume{}
		if err := json.Unmarshal(text, volume); err != nil {
			return nil, err
		}
		translated, err := translator.TranslateInTreePVToCSI(klog.Background(), volume)
		return asObject(translated, err)
	case "StorageClass":
		class := &storagev1.StorageClass{}
		if err := json.Unmarshal(text, class); err != nil {
			return nil, err
		}
		translated, err := translator.TranslateInTreeStorageClassToCSI(klog.Background(), class.Provisioner, class)
		return asObject(translated, err)
	}
	return nil, fmt.Errorf("%v: nothing to translate", given["kind"])
}

func asObject(translated any, err error) (object, error) {
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(translated)
	if err != nil {
		return nil, err
	}
	var read object
	return read, json.Unmarshal(text, &read)
}
