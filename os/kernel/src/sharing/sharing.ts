import type { SharingOperations } from '../operations.ts'
import { elsewhere, openElsewhere, readElsewhere, walkElsewhere } from '../peers/elsewhere.ts'
import { writeElsewhere } from '../peers/write-elsewhere.ts'
import type { SharingContext } from './context.ts'
import { createGranting } from './granting.ts'
import { openPing } from './opening.ts'
import { listPeople } from './people.ts'
import { revokeHard } from './resealing.ts'
import { readPing, walkPing } from './tree.ts'
import { writePing } from './writing.ts'

/** What one identity shares with others, and others with it. */
export function createSharing(context: SharingContext): SharingOperations {
  const granting = createGranting(context)
  return {
    ...granting,
    revokeHard: (grant, options = {}) => revokeHard(context, () => granting.revoke(grant), options),
    async open(bytes, options = {}) {
      const there = await elsewhere(context, bytes)
      return there === undefined ? openPing(context, bytes, options) : openElsewhere(context, there, options)
    },
    async *walk(bytes, options = {}) {
      const there = await elsewhere(context, bytes)
      yield* there === undefined ? walkPing(context, bytes, options) : walkElsewhere(context, there, options)
    },
    async *readTree(bytes, options = {}) {
      const there = await elsewhere(context, bytes)
      yield* there === undefined ? readPing(context, bytes, options) : readElsewhere(context, there, options)
    },
    people: () => listPeople(context.office.book, context.ports, new Set(context.residents())),
    async write(bytes, items, options = {}) {
      const there = await elsewhere(context, bytes)
      return there === undefined
        ? writePing(context, bytes, items, options)
        : writeElsewhere(context, there, items, options)
    },
  }
}
