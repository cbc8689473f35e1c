import { type FileSystem, familyOf } from "../Capability.ts"

/** What may follow a flag; undefined in the table: nothing. */
export interface ValueForm {
  readonly form: RegExp
  /** For people: what is accepted. */
  readonly accepted: string
  /** Comma-separated words that belong together, of which the tool heeds the last list only. */
  readonly isList: boolean
}

/** The flags of one mkfs that a StorageClass may set. All others are refused, whatever they mean. */
export type FlagTable = Readonly<Record<string, ValueForm | undefined>>

const one = (form: RegExp, accepted: string): ValueForm => ({ form, accepted, isList: false })

/** What follows each word of a list, as a pattern; "" stands for a word alone. */
const list = (words: Readonly<Record<string, string>>): ValueForm => {
  const forms = Object.entries(words).map(([word, rest]) => `${word}${rest}`)
  return { form: new RegExp(`^(${forms.join("|")})$`), accepted: Object.keys(words).join(", "), isList: true }
}

const number = one(/^[0-9]{1,15}$/, "a number")
const size = one(/^[0-9]{1,15}[kKmMgG]?$/, "a number, perhaps with k, m or g")
const count = "=[0-9]{1,15}"
const amount = "=[0-9]{1,15}[sbkmgt]?"
const zeroOrOne = "=[01]"
const perhapsZeroOrOne = "(=[01])?"
const quota = "(usrquota|grpquota|prjquota)"
const uuidForm = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

const label = (longest: number): ValueForm =>
  one(new RegExp(`^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,${longest - 1}}$`), `up to ${longest} letters, digits, _ . -`)

/**
 * `journal_dev` would make a journal for another disk in place of a file system. Its other name is `feature_i3`: mke2fs
 * takes any bit of the superblock by its number.
 */
const extFeature: ValueForm = {
  form: /^(?!\^?(journal_dev$|feature_))\^?[a-z0-9_]{1,32}$/,
  accepted: "names of features, ^ before one that is to be off, but not journal_dev and no numbers",
  isList: true
}

/**
 * mke2fs(8). Left out: what names files and other disks (-d, -J device, -l, -z), tries only (-n), or is ours (-F, -t); and
 * `assume_storage_prezeroed`, because a disk without signatures may hold old data where inode tables will be.
 */
const ext: FlagTable = {
  "-b": one(/^[0-9]{4,5}$/, "a number of bytes"),
  "-C": size,
  "-D": undefined,
  "-e": one(/^(continue|remount-ro)$/, "continue or remount-ro"),
  "-E": list({
    discard: "",
    encoding: "=[a-z0-9.-]{1,16}",
    lazy_itable_init: perhapsZeroOrOne,
    lazy_journal_init: perhapsZeroOrOne,
    mmp_update_interval: count,
    nodiscard: "",
    num_backup_sb: "=[012]",
    packed_meta_blocks: perhapsZeroOrOne,
    quotatype: `=${quota}(:${quota}){0,2}`,
    resize: count,
    root_owner: "=[0-9]{1,10}:[0-9]{1,10}",
    stride: count,
    stripe_width: count,
    "stripe-width": count
  }),
  "-g": number,
  "-G": number,
  "-i": number,
  "-I": number,
  "-J": list({ fast_commit_size: count, size: count }),
  "-K": undefined,
  "-L": label(16),
  "-m": one(/^[0-9]{1,2}(\.[0-9]{1,3})?$/, "a percentage"),
  "-N": number,
  "-O": extFeature,
  "-T": { form: /^[a-z0-9_]{1,32}$/, accepted: "names of usage types", isList: true },
  "-U": one(new RegExp(`^(random|time|${uuidForm})$`), "a UUID, random or time")
}

/** mkfs.xfs(8). Left out: other disks and files (-l logdev, -r, -d file and name, -p, -c), parts of a disk, -N and -f. */
const xfs: FlagTable = {
  "-b": list({ size: amount }),
  "-d": list({
    agcount: count,
    agsize: amount,
    concurrency: count,
    cowextsize: amount,
    extszinherit: amount,
    noalign: "",
    su: amount,
    sunit: count,
    sw: count,
    swidth: count
  }),
  "-i": list({
    align: zeroOrOne,
    attr: "=[012]",
    maxpct: "=[0-9]{1,3}",
    nrext64: zeroOrOne,
    perblock: count,
    projid32bit: zeroOrOne,
    size: amount,
    sparse: zeroOrOne
  }),
  "-K": undefined,
  "-L": label(12),
  "-l": list({
    concurrency: count,
    "lazy-count": zeroOrOne,
    size: amount,
    su: amount,
    sunit: count,
    version: "=[12]"
  }),
  "-m": list({
    bigtime: zeroOrOne,
    crc: zeroOrOne,
    finobt: zeroOrOne,
    inobtcount: zeroOrOne,
    reflink: zeroOrOne,
    rmapbt: zeroOrOne,
    uuid: `=${uuidForm}`
  }),
  "-n": list({ ftype: zeroOrOne, parent: zeroOrOne, size: amount, version: "=(2|ci)" }),
  "-s": list({ size: amount })
}

const profile = one(/^(single|dup)$/i, "single or dup")

/** `list-all` makes nothing and reports success. */
const btrfsFeatures: ValueForm = {
  form: /^(?!\^?(zoned|list-all)$)\^?[a-z0-9-]{1,32}$/,
  accepted: "names of features, ^ before one that is to be off",
  isList: true
}
const checksum = one(/^(crc32c|xxhash|sha256|blake2)$/, "crc32c, xxhash, sha256 or blake2")

/**
 * mkfs.btrfs(8). Left out: -U, because btrfs takes two disks of one UUID for the same file system, and a class would give
 * it to all its volumes; folders (-r), parts of a disk (-b), -f. Further disks cannot be said at all.
 */
const btrfs: FlagTable = {
  "-d": profile,
  "--data": profile,
  "-m": profile,
  "--metadata": profile,
  "-M": undefined,
  "--mixed": undefined,
  "-n": size,
  "--nodesize": size,
  "-s": size,
  "--sectorsize": size,
  "-O": btrfsFeatures,
  "--features": btrfsFeatures,
  "-R": btrfsFeatures,
  "--runtime-features": btrfsFeatures,
  "-L": label(255),
  "--label": label(255),
  "-K": undefined,
  "--nodiscard": undefined,
  "--csum": checksum,
  "--checksum": checksum
}

export const flagsOf = (fileSystem: FileSystem): FlagTable => {
  switch (familyOf(fileSystem)) {
    case "ext":
      return ext
    case "xfs":
      return xfs
    case "btrfs":
      return btrfs
  }
}
