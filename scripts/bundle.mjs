// Makes the file that the image and `npm start` run, and a second one for the failover assistant: starting from it is several times faster than from node_modules.
import { chmod, writeFile } from "node:fs/promises"
import { build } from "esbuild"
import { bundledPackages, noticesOf } from "./notices.mjs"

const outfile = "build/cinder-csi-plugin.cjs"
/** Beside it, for the failover assistant alone: a driver neither loads nor carries the library of Kubernetes. */
const library = "cinder-csi-kubernetes.cjs"

const common = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  legalComments: "none",
  metafile: true,
  logLevel: "warning"
}

const nodeFlags = [
  "--max-semi-space-size=1",
  "--max-old-space-size=96",
  "--optimize-for-size",
  "--disable-warning=DEP0040"
]

const driver = await build({
  ...common,
  entryPoints: ["src/main/main.ts"],
  outfile,
  plugins: [
    {
      name: "kubernetes",
      setup: (bundle) =>
        bundle.onResolve({ filter: /^\.\/library\.ts$/ }, ({ importer }) =>
          importer.includes("/adapters/kubernetes/") ? { path: `./${library}`, external: true } : undefined
        )
    }
  ],
  // grpc-js asks for the loader only when channelz is used, which it is not here.
  external: ["@grpc/proto-loader"],
  // Memory of a small service, at the price of some speed: docs/figures.md has the measurements. Threads for calls into
  // the kernel: a disk that dies in the middle of one keeps its thread, and a running program cannot have more of them.
  // DEP0040: node-fetch, which the library of Kubernetes brings, has Node 24 complain to whoever runs a sub-command.
  banner: { js: `#!/usr/bin/env -S UV_THREADPOOL_SIZE=8 node ${nodeFlags.join(" ")}` }
})

const kubernetes = await build({
  ...common,
  entryPoints: ["src/adapters/kubernetes/library.ts"],
  outfile: `build/${library}`
})
await chmod(outfile, 0o755)

const packages = bundledPackages([driver.metafile, kubernetes.metafile])
await writeFile("build/THIRD-PARTY-NOTICES.txt", noticesOf(packages))
await writeFile("build/bundled.json", JSON.stringify(packages.map(({ name, version }) => ({ name, version }))))
