/** What a path of a file system holds. */
export type TreeEntry =
  | { readonly kind: "directory" }
  | { readonly kind: "file"; readonly bytes: Uint8Array }
  | { readonly kind: "symlink"; readonly to: string }
  | { readonly kind: "other" }

/** The files of one file system by absolute path; the root is always there. */
export interface FileTree {
  readonly get: (path: string) => TreeEntry | undefined
  readonly set: (path: string, entry: TreeEntry) => void
  readonly delete: (path: string) => void
  readonly isEmpty: (path: string) => boolean
  readonly paths: () => ReadonlyArray<string>
  readonly usedBytes: () => bigint
  readonly copy: () => FileTree
}

const directory: TreeEntry = { kind: "directory" }

const treeOf = (entries: Map<string, TreeEntry>): FileTree => ({
  get: (path) => entries.get(path),
  set: (path, entry) => {
    entries.set(path, entry)
  },
  delete: (path) => {
    entries.delete(path)
  },
  isEmpty: (path) => {
    const prefix = path === "/" ? "/" : `${path}/`
    return ![...entries.keys()].some((other) => other !== path && other.startsWith(prefix))
  },
  paths: () => [...entries.keys()],
  usedBytes: () =>
    [...entries.values()].reduce((sum, entry) => sum + (entry.kind === "file" ? BigInt(entry.bytes.length) : 0n), 0n),
  copy: () => treeOf(new Map(entries))
})

export const emptyTree = (): FileTree => treeOf(new Map([["/", directory]]))

export const joinPath = (parent: string, rest: string): string => {
  const joined = `${parent === "/" ? "" : parent}${rest.startsWith("/") || rest === "" ? rest : `/${rest}`}`
  return joined === "" ? "/" : joined
}

export const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf("/")))

/** Makes the directory with all that lead to it. */
export const makeDirectories = (tree: FileTree, path: string): void => {
  const names = path.split("/").filter((name) => name !== "")
  names.forEach((_, index) => {
    const step = `/${names.slice(0, index + 1).join("/")}`
    if (tree.get(step) === undefined) tree.set(step, directory)
  })
}
