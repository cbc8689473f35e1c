/** A node as Kubernetes shows it, of the server with this id; `since` is when it became ready or missed. */
export const wireNode = (serverId: string, ready: "True" | "False" | "Unknown", since: Date, bootID = "boot-1") => ({
  spec: {
    providerID: `openstack:///${serverId}`,
    taints:
      ready === "Unknown"
        ? [{ key: "node.kubernetes.io/unreachable", effect: "NoExecute", timeAdded: "2026-11-30T15:00:00Z" }]
        : []
  },
  status: {
    conditions: [
      { type: "MemoryPressure", status: "False", lastTransitionTime: "2026-01-01T00:00:00Z" },
      { type: "Ready", status: ready, lastTransitionTime: since.toISOString(), reason: "x", message: "x" }
    ],
    nodeInfo: { bootID, machineID: "m", kubeletVersion: "v1.36.0" },
    volumesAttached: [
      { name: "kubernetes.io/csi/cinder.csi.openstack.org^v1", devicePath: "" },
      { name: "kubernetes.io/csi/other^v2", devicePath: "" }
    ],
    images: [{ names: ["a"], sizeBytes: 1 }]
  }
})
