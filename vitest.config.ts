import { defineConfig } from "vitest/config"

const suite = (name: string, include: ReadonlyArray<string>, testTimeout = 20_000) => ({
  test: { name, include: [...include], exclude: ["**/node_modules/**"], testTimeout, hookTimeout: 60_000 }
})

/** `unit` needs neither root nor a network; `host` needs root and loop devices; `openstack` the lab beside its tests. */
export default defineConfig({
  test: {
    reporters: ["default", "./test/support/ClosingLine.ts"],
    projects: [
      suite("unit", ["test/{domain,ports,adapters,main,contract,support}/**/*.test.ts", "test/*.test.ts"]),
      suite("host", ["test/host/**/*.test.ts"], 120_000),
      suite("parity", ["test/parity/*.test.ts"], 120_000),
      suite("openstack", ["test/openstack/*.test.ts"], 300_000)
    ]
  }
})
