import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { Effect } from "effect"

/** A pretended machine without config drive, firmware id and cloud-init until they are given. */
export const machine = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "meta-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  ),
  (folder) => {
    const write = (path: string, content: string) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), content)
    }
    return {
      roots: { devRoot: join(folder, "dev"), sysRoot: join(folder, "sys"), cloudRoot: join(folder, "cloud") },
      folder,
      write,
      firmware: (uuid: string) => write("sys/class/dmi/id/product_uuid", `${uuid}\n`),
      note: (instanceId: string) => write("cloud/data/instance-id", `${instanceId}\n`)
    }
  }
)
