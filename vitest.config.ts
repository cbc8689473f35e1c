import { defineConfig } from "vitest/config"

const suite = (name: string, include: ReadonlyArray<string>, testTimeout = 20_000) => ({
  name,
  include: [...include],
  exclude: ["**/node_modules/**"],
  testTimeout,
  hookTimeout: 60_000
})

/**
 * `unit` needs neither root nor a network; `host` needs root and loop devices, `monitoring` promtool, `library` what npm can
 * install; `openstack` the lab beside its tests. The files
 * of `unit` share two processes, since loading Effect anew for each of a hundred takes longer than their tests, and half of
 * the time they wait for sockets and clocks.
 */
export default defineConfig({
  test: {
    reporters: ["default", "./test/support/ClosingLine.ts"],
    projects: [
      {
        test: {
          ...suite("unit", ["test/{domain,ports,adapters,main,contract,support}/**/*.test.ts", "test/*.test.ts"]),
          isolate: false
        }
      },
      { test: suite("host", ["test/host/**/*.test.ts"], 120_000) },
      { test: suite("monitoring", ["test/monitoring/*.test.ts"]) },
      { test: suite("deploy", ["test/deploy/*.test.ts"], 60_000) },
      { test: suite("image", ["test/image/*.test.ts"], 120_000) },
      { test: suite("library", ["test/library/*.test.ts"], 300_000) },
      { test: suite("parity", ["test/parity/*.test.ts"], 120_000) },
      { test: suite("openstack", ["test/openstack/*.test.ts"], 300_000) }
    ]
  }
})
