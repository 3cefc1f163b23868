import type { Office } from './office.ts'

/** The offices that are open: each identity's is opened once, when it is first asked for. */
export type Offices = {
  of(did: string): Promise<Office>
  /** Resolves when nothing of this identity is open any more. */
  close(did: string): Promise<void>
  closeAll(): Promise<void>
}

export function createOffices(open: (did: string) => Promise<Office>): Offices {
  const offices = new Map<string, Promise<Office>>()
  const closed = async (opening: Promise<Office>): Promise<void> =>
    (await opening.catch(() => undefined))?.close()
  return {
    of(did) {
      const known = offices.get(did)
      if (known !== undefined) return known
      const opening = open(did)
      offices.set(did, opening)
      opening.catch(() => offices.delete(did))
      return opening
    },
    async close(did) {
      for (let office = offices.get(did); office !== undefined; office = offices.get(did)) {
        offices.delete(did)
        await closed(office)
      }
    },
    async closeAll() {
      const all = [...offices.values()]
      offices.clear()
      await Promise.all(all.map(closed))
    },
  }
}
