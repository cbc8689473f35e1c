import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"

export interface Signed {
  readonly cert: string
  readonly key: string
}

export interface Certificates {
  readonly ca: string
  /** For 127.0.0.1. */
  readonly server: Signed
  readonly client: Signed
}

/** A fresh authority and what it signed, made with the openssl command and deleted with the scope. */
export const makeCertificates: Effect.Effect<Certificates, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "certificates-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  ),
  (folder) => {
    const at = (name: string) => join(folder, name)
    const openssl = (...args: ReadonlyArray<string>) => execFileSync("openssl", args, { stdio: "pipe" })
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-days",
      "2",
      "-subj",
      "/CN=test-ca",
      "-keyout",
      at("ca.key"),
      "-out",
      at("ca.crt")
    )
    const signed = (name: string): Signed => {
      writeFileSync(at("extensions"), "subjectAltName=IP:127.0.0.1\n")
      openssl("req", ...newKey, "-subj", `/CN=${name}`, "-keyout", at(`${name}.key`), "-out", at(`${name}.csr`))
      const authority = ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2"]
      openssl(
        "x509",
        "-req",
        "-in",
        at(`${name}.csr`),
        ...authority,
        "-extfile",
        at("extensions"),
        "-out",
        at(`${name}.crt`)
      )
      return { cert: readFileSync(at(`${name}.crt`), "utf8"), key: readFileSync(at(`${name}.key`), "utf8") }
    }
    return { server: signed("server"), client: signed("client"), ca: readFileSync(at("ca.crt"), "utf8") }
  }
)
