import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import type {
  EntryFacts,
  GrantFacts,
  PersonFacts,
  PutReport,
  ResealProgress,
  ResealReport,
  SharingOperations,
} from '@anarq/kernel'
import { readLines } from '../ndjson.ts'
import { faultOfProblem } from '../problem.ts'
import { packItems } from '../tar/pack-items.ts'
import { unpackTree } from '../tar/unpack-tree.ts'
import { contentOf, lastEvent } from './content.ts'
import { tarType } from './drive.ts'
import { part, query } from './path.ts'
import type { Wire } from './wire.ts'

export function sharingOf(
  wire: Wire,
  call: (method: string, params: object) => Promise<unknown>,
): SharingOperations {
  return {
    async share(ref, options) {
      const { grant, ping } = await wire.json<{ grant: GrantFacts; ping: string }>(
        'POST',
        `/api/v1/objects/${part(ref)}/share`,
        { body: options },
      )
      return { grant, ping: fromBase64Url(ping) }
    },
    async open(ping, { purpose, lock, signal } = {}) {
      const answer = await wire.open('POST', '/api/v1/pings/open', {
        body: { ping: toBase64Url(ping), purpose, lock },
        signal,
      })
      return contentOf(answer)
    },
    async *walk(ping, { only, purpose, signal } = {}) {
      const answer = await wire.open('POST', '/api/v1/pings/list', {
        body: { ping: toBase64Url(ping), only, purpose },
        signal,
      })
      for await (const line of readLines(answer.pieces)) {
        const { error } = line as { error?: unknown }
        if (error !== undefined) throw faultOfProblem(error)
        yield line as EntryFacts
      }
    },
    async *readTree(ping, { only, purpose, lock, signal } = {}) {
      const answer = await wire.open('POST', '/api/v1/pings/export', {
        body: { ping: toBase64Url(ping), only, purpose, lock, hasFacts: true },
        signal,
      })
      yield* unpackTree(answer.pieces)
    },
    async write(ping, items, { purpose, signal } = {}) {
      const options = { ping: toBase64Url(ping), ...(purpose === undefined ? {} : { purpose }) }
      const answer = await wire.open('POST', '/api/v1/pings/write', {
        pieces: packItems(items, options),
        type: tarType,
        signal,
      })
      return lastEvent<PutReport, never>(answer)
    },
    people: () => call('network.people', {}) as Promise<readonly PersonFacts[]>,
    grants: (direction) => wire.json('GET', `/api/v1/grants${query({ direction })}`),
    revoke: (grant) => wire.json('DELETE', `/api/v1/grants/${part(grant)}`),
    async revokeHard(grant, { onProgress, signal } = {}) {
      const answer = await wire.open('POST', `/api/v1/grants/${part(grant)}/reseal`, { signal })
      return lastEvent<ResealReport, ResealProgress>(answer, onProgress)
    },
  }
}
