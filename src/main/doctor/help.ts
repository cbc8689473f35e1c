export const help = `cinder-csi-plugin doctor: looks whether the driver can do its work, and why a volume is stuck. It changes nothing.

  cinder-csi-plugin doctor                          what has to be so before anything works
  cinder-csi-plugin doctor pvc NAMESPACE/NAME       one claim: its volume, attachments, server, disk and mounts
  cinder-csi-plugin doctor pod NAMESPACE/NAME       all claims of a pod
  cinder-csi-plugin doctor pv NAME                  one persistent volume
  cinder-csi-plugin doctor volume ID                one volume of Cinder
  cinder-csi-plugin doctor node NAME                one node with its volumes

From a laptop, with kubectl's configuration and a cloud.conf of the same project:
  cinder-csi-plugin doctor pvc shop/data --cloud-config=cloud.conf

In the controller's pod, where the configuration is at hand (Kubernetes then shows what the pod's service account may see;
with Helm: deploy/openstack-cinder-csi-controllerplugin):
  kubectl -n kube-system exec deploy/csi-cinder-controllerplugin -c cinder-csi-plugin -- \\
    /bin/cinder-csi-plugin doctor --cloud-config=/etc/config/cloud.conf

On a node, for its programs, mounts and disks:
  kubectl -n kube-system exec POD -c cinder-csi-plugin -- /bin/cinder-csi-plugin doctor --node
  kubectl -n kube-system exec POD -c cinder-csi-plugin -- /bin/cinder-csi-plugin doctor volume ID --node

Each check is ok, a warning, FAILED, or skipped with its reason; a line behind > says what to do. For an object, the answers
are those that the driver itself would give now: they come from the same decisions, which here only read.

What to look at:
  --cloud-config=FILE   as the driver has it; may be repeated. Default: the variable CLOUD_CONFIG, /etc/config/cloud.conf,
                        /etc/kubernetes/cloud.conf
  --cloud-name=NAME     the section [Global "NAME"] in place of plain [Global]
  --kubeconfig=FILE     default: the variable KUBECONFIG, the pod's service account, ~/.kube/config
  --node                look at this machine, too: as a node, and for a volume's disk and mounts. Default for the
                        requirements: if kubelet's folder is there
  --kubelet-dir=DIR     kubelet's folder (default /var/lib/kubelet)
  --endpoint=SOCKET     socket of the node's plugin. Default: the variable CSI_ENDPOINT, or below kubelet's folder
  --node-name=NAME      the node that this is (default: the variable NODE_NAME)

As the driver was started, where that changes its answers:
  --cluster=NAME, --with-topology=false, --provide-controller-service=false, --provide-node-service=false

  --timeout=TIME        longest wait for each answer (default 10s)
  --json                the report for programs: docs/doctor.md has its members
  -h, --help            this text

Ends with 0 if nothing failed, 1 if a check failed or a link is broken, 2 if it could not look: flags that are no flags,
a configuration that cannot be read, an object that is not there, an end from outside (Ctrl-C) before it was done.`
