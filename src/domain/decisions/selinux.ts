const mostCategories = 1024

const categoriesIn = (text: string): ReadonlyArray<number> =>
  text.split(",").flatMap((part) => {
    const range = /^c([0-9]{1,4})(?:\.c([0-9]{1,4}))?$/.exec(part)
    if (range === null) return []
    const first = Number(range[1])
    const last = range[2] === undefined ? first : Number(range[2])
    return Array.from({ length: Math.min(Math.max(last - first + 1, 0), mostCategories) }, (_, index) => first + index)
  })

/** The kernel orders and joins the categories of a level, `s0:c5,c3,c4` becomes `s0:c3.c5`. */
const canonical = (label: string): string =>
  label
    .split(":")
    .map((part) =>
      /^c[0-9]/.test(part)
        ? [...new Set(categoriesIn(part))]
            .sort((one, other) => one - other)
            .map((category) => `c${category}`)
            .join(",")
        : part
    )
    .join(":")

/**
 * The SELinux label that mount options set for the whole file system, in one spelling; undefined if none does.
 * Kubelet quotes the label (https://kubernetes.io/docs/concepts/storage/volumes/#selinux), and a mount table may be
 * split at the commas inside it.
 */
export const selinuxLabel = (options: ReadonlyArray<string>): string | undefined => {
  const found = /(?:^|,)context=(?:"([^"]*)"|([^,]*(?:,c[0-9.c]+)*))/.exec(options.join(","))
  const label = found?.[1] ?? found?.[2]
  return label === undefined ? undefined : canonical(label)
}
