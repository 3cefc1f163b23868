/**
 * What a tar archive carries to a node besides files: options before them, and what a plain tar has no word for, as
 * extended header records under our own prefix. See the README, "Import".
 */

/** First entry, optional: JSON with `ImportOptions`. Secrets go here and not into an address or a header, which are logged. */
export const optionsPath = '.anarq-options.json'
export const optionsBytesMax: number = 64 * 1024

export type ImportOptions = {
  readonly tags?: readonly string[]
  /** Passphrase of the second lock. */
  readonly lock?: string
  readonly isDecoy?: boolean
  /** For a new version of somebody else's object: the ping file, base64url. */
  readonly ping?: string
  readonly purpose?: string
}

export const record = {
  /** Media type. */
  type: 'ANARQ.type',
  /** On an entry without content: it could not be read, `{ code, sentence }` as JSON. */
  skipped: 'ANARQ.skipped',
  /** On an entry without content, behind a file: the file before it is not whole, `{ code, sentence }`. */
  fault: 'ANARQ.fault',
  /** Of a file whose length was not known: `1` where another entry goes on with it, `0` on its last. */
  more: 'ANARQ.more',
  /** On an entry without content: a file of so many bytes that the node has already, as it is. */
  unchanged: 'ANARQ.unchanged',
  /** On an entry without content: where it lies on this machine's disk, a `DiskFile` as JSON. At the socket alone. */
  disk: 'ANARQ.disk',
  /** In an export with facts, on a file without content: it was left, and can be asked for by itself. */
  left: 'ANARQ.left',
  /** In an export with facts: what the entry is, as JSON. */
  facts: 'ANARQ.facts',
} as const

/** Of a file whose length is not known, so much is sent at a time. */
export const partBytes: number = 256 * 1024

export const linkType = 'inode/symlink'
