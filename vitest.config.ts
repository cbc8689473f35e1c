import { defineConfig } from "vitest/config"

const suite = (name: string, include: ReadonlyArray<string>, testTimeout = 20_000) => ({
  test: { name, include: [...include], exclude: ["**/node_modules/**"], testTimeout, hookTimeout: 60_000 }
})

/** `unit` needs neither root nor a network; `host` needs root and loop devices. */
export default defineConfig({
  test: {
    projects: [
      suite("unit", ["test/{domain,ports,adapters,main,contract,support}/**/*.test.ts", "test/*.test.ts"]),
      suite("host", ["test/host/**/*.test.ts"], 120_000)
    ]
  }
})
