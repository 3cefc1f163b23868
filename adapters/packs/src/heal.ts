import type { DigestRow } from './catalogue/rows.ts'
import { readCopy } from './copies.ts'
import { headPiece } from './heads.ts'
import { nowhere, type SeriesName } from './pack/location.ts'
import type { Store } from './store.ts'

const rowsAtOnce = 256
const metaSeries = ['a', 'b'] as const satisfies readonly SeriesName[]

/** After a crash or a lost file: what should be in both meta series and is in one goes to the other. */
export async function completeCopies(store: Store, signal?: AbortSignal): Promise<void> {
  let after: Uint8Array = new Uint8Array(0)
  for (;;) {
    signal?.throwIfAborted()
    const rows = await store.withCatalogue(() => store.catalogue.halfKept(after, rowsAtOnce))
    for (const row of rows) await completeBlock(store, row)
    await store.written()
    const last = rows.at(-1)
    if (last === undefined || rows.length < rowsAtOnce) break
    after = last.digest
  }
  await store.withCatalogue(() => completeHeads(store))
  await store.flush()
}

async function completeBlock(store: Store, { digest, row }: DigestRow): Promise<void> {
  const from = metaSeries.find((name) => row[name] !== nowhere)
  const to = metaSeries.find((name) => row[name] === nowhere)
  if (from === undefined || to === undefined) return
  const bytes = await readCopy(store, digest, from, row[from], row.bytes)
  if (bytes === undefined) return
  await store.withCatalogue(() => {
    const found = store.catalogue.find(digest)
    if (found === undefined || found[to] !== nowhere) return
    const location = store.append(to, { kind: row.kind, digest, bytes: row.bytes, parts: [bytes] })
    store.catalogue.set(digest, { ...found, [to]: location }, found)
  })
}

/** Inside `withCatalogue`. */
export function completeHeads(store: Store): void {
  const { heads } = store.catalogue
  for (const feed of heads.feeds()) {
    for (const entry of heads.of(feed)) {
      for (const name of metaSeries) {
        if (entry[name] === nowhere)
          heads.add(feed, { ...entry, [name]: store.append(name, headPiece(feed, entry)) })
      }
    }
  }
}
