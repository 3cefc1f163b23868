import type { SharingOperations } from '../operations.ts'
import { isElsewhere, openElsewhere, readElsewhere } from '../peers/elsewhere.ts'
import type { SharingContext } from './context.ts'
import { createGranting } from './granting.ts'
import { openPing } from './opening.ts'
import { revokeHard } from './resealing.ts'
import { readPing, walkPing } from './tree.ts'
import { writePing } from './writing.ts'

/** What one identity shares with others, and others with it. */
export function createSharing(context: SharingContext): SharingOperations {
  const granting = createGranting(context)
  return {
    ...granting,
    revokeHard: (grant, options = {}) => revokeHard(context, () => granting.revoke(grant), options),
    open: async (bytes, options = {}) =>
      (await isElsewhere(context, bytes))
        ? openElsewhere(context, bytes, options)
        : openPing(context, bytes, options),
    walk: (bytes, options = {}) => walkPing(context, bytes, options),
    async *readTree(bytes, options = {}) {
      yield* (await isElsewhere(context, bytes))
        ? readElsewhere(context, bytes, options)
        : readPing(context, bytes, options)
    },
    write: (bytes, items, options = {}) => writePing(context, bytes, items, options),
  }
}
