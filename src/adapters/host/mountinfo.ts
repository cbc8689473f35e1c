import type { Mount } from "../../ports/HostMounter.ts"

interface Entry {
  readonly id: string
  readonly parent: string
  readonly mount: Mount
}

/** The kernel writes blanks, backslashes and hashes as three octal digits (proc_pid_mountinfo(5)); bytes, not characters. */
const unescaped = (field: string): string => {
  if (!field.includes("\\")) return field
  const bytes = Buffer.from(field, "utf8").toString("latin1")
  return Buffer.from(
    bytes.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    "latin1"
  ).toString("utf8")
}

/** Commas inside quotes belong to the value: an SELinux context has such. */
const optionsIn = (field: string): ReadonlyArray<string> => unescaped(field).match(/(?:[^,"]|"[^"]*"?)+/g) ?? []

/** ext4 shows the second since Linux 6.14, where it no longer marks the superblock itself. */
const readOnlyMarks = ["ro", "emergency_ro"]

const isReadOnly = (options: ReadonlyArray<string>) => readOnlyMarks.some((mark) => options.includes(mark))

/** A mount is writable only if both the mount and its superblock are; for the rest both lists hold together. */
const together = (perMount: ReadonlyArray<string>, superblock: ReadonlyArray<string>): ReadonlyArray<string> => {
  const all = [...new Set([...perMount, ...superblock])]
  return [isReadOnly(all) ? "ro" : "rw", ...all.filter((option) => option !== "ro" && option !== "rw")]
}

const parseLine = (line: string): Entry | undefined => {
  const fields = line.split(" ")
  const separator = fields.indexOf("-", 6)
  const [id, parent, number, root, target, perMount] = fields
  const [fsType, source, superblock] = separator < 0 ? [] : fields.slice(separator + 1)
  if (id === undefined || parent === undefined || number === undefined || root === undefined) return undefined
  if (target === undefined || perMount === undefined || fsType === undefined || source === undefined) return undefined
  const ofMount = optionsIn(perMount)
  const ofSuperblock = optionsIn(superblock ?? "")
  const mount: Mount = {
    number,
    root: unescaped(root),
    target: unescaped(target),
    source: unescaped(source),
    fsType: unescaped(fsType),
    options: together(ofMount, ofSuperblock),
    turnedReadOnly: isReadOnly(ofSuperblock) && !isReadOnly(ofMount)
  }
  return { id, parent, mount }
}

/**
 * Of several mounts at one target, a later line is not always the upper one: a mount that propagates from another
 * namespace slides beneath what is there (https://docs.kernel.org/filesystems/sharedsubtree.html). The parent tells.
 */
const stackedInOrder = (entries: ReadonlyArray<Entry>): ReadonlyArray<Entry> => {
  const stacks = new Map<string, Array<Entry>>()
  for (const entry of entries) {
    const stack = stacks.get(entry.mount.target)
    if (stack === undefined) stacks.set(entry.mount.target, [entry])
    else stack.push(entry)
  }
  for (const [target, stack] of stacks) {
    if (stack.length === 1) continue
    const byId = new Map(stack.map((entry) => [entry.id, entry]))
    const depth = (entry: Entry, seen: number): number => {
      const below = byId.get(entry.parent)
      return below === undefined || seen > stack.length ? 0 : 1 + depth(below, seen + 1)
    }
    stacks.set(
      target,
      [...stack].sort((a, b) => depth(a, 0) - depth(b, 0))
    )
  }
  return entries.map((entry) => stacks.get(entry.mount.target)?.shift() ?? entry)
}

/** What the lines of the last table say: from one look to the next few of thousands change. */
let known: ReadonlyMap<string, Entry> = new Map()

/** The mounts in /proc/self/mountinfo, oldest first; of several at one target the last is the one in sight. */
export const parseMountinfo = (text: string): ReadonlyArray<Mount> => {
  const entries = new Map<string, Entry>()
  for (const line of text.split("\n")) {
    const entry = known.get(line) ?? parseLine(line)
    if (entry !== undefined) entries.set(line, entry)
  }
  known = entries
  return stackedInOrder([...entries.values()]).map(({ mount }) => mount)
}
