import { type LivePacks, livePacks, nameOf } from './live-packs.ts'
import { packOf, type SeriesName, seriesNames } from './pack/location.ts'
import type { Store } from './store.ts'

/** Below it a tail is not worth a new pack. */
const tailBytesMin = 64 * 1024

type Tail = { readonly series: SeriesName; readonly pack: number; readonly bytes: number }

/**
 * Cuts off what is dead at the end of packs, as a put leaves it that a full disk ended: that needs no room. The database knows first
 * that a pack is to be shorter; where it could not be written, the packs are read anew after a crash. Resolves to the bytes freed.
 */
export async function cutTails(
  store: Store,
  live: LivePacks,
  signal: AbortSignal | undefined,
): Promise<number> {
  const tails = await findTails(store, live)
  if (tails.length === 0) return 0
  for (const { series, pack } of tails) {
    const { writer } = store.series[series]
    if (pack === packOf(writer.writtenTo())) writer.rollOver()
  }
  await store.flush()
  // What was put there meanwhile is alive; from now on all goes to other packs.
  const now = await livePacks(store, signal)
  let freedBytes = 0
  for (const { series, pack } of await findTails(store, now)) {
    if (!tails.some((tail) => tail.series === series && tail.pack === pack)) continue
    signal?.throwIfAborted()
    freedBytes += await cutTail(store, { series, pack, bytes: now.get(nameOf(series, pack))?.end ?? 0 })
  }
  return freedBytes
}

/** Of packs in which something lives. */
async function findTails(store: Store, live: LivePacks): Promise<readonly Tail[]> {
  const tails: Tail[] = []
  for (const series of seriesNames)
    for (const { pack, bytes } of await store.series[series].files.list()) {
      const end = live.get(nameOf(series, pack))?.end
      if (end !== undefined && bytes - end >= tailBytesMin) tails.push({ series, pack, bytes })
    }
  return tails
}

/** To so many bytes. */
async function cutTail(store: Store, { series, pack, bytes }: Tail): Promise<number> {
  const { files } = store.series[series]
  const before = (await files.list()).find((one) => one.pack === pack)?.bytes ?? bytes
  await store.withCatalogue(() => store.catalogue.setPack({ series, pack, indexed: bytes, isLeaving: false }))
  await store.flush()
  await files.truncate(pack, bytes)
  await files.sync(pack)
  return before - bytes
}
