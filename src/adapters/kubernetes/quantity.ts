const binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
const decimal = ["k", "M", "G", "T", "P", "E"]

const factorOf = (suffix: string): number | undefined => {
  if (suffix === "") return 1
  if (/^[eE][+-]?\d+$/.test(suffix)) return 10 ** Number(suffix.slice(1))
  if (binary.includes(suffix)) return 1024 ** (binary.indexOf(suffix) + 1)
  if (decimal.includes(suffix)) return 1000 ** (decimal.indexOf(suffix) + 1)
  return suffix === "m" ? 0.001 : undefined
}

/** Whole bytes, rounded up (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). */
export const bytesIn = (quantity: string): bigint | undefined => {
  const [, digits, suffix = ""] = /^\+?(\d+(?:\.\d*)?|\.\d+)(.*)$/.exec(quantity) ?? []
  const factor = factorOf(suffix)
  return digits === undefined || factor === undefined ? undefined : BigInt(Math.ceil(Number(digits) * factor))
}
