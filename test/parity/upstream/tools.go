//go:build tools

// Package upstream pins the Go driver, so that it is built from the same sources everywhere.
package upstream

import _ "k8s.io/cloud-provider-openstack/cmd/cinder-csi-plugin"
