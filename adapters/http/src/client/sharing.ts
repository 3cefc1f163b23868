import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import type { GrantFacts, PutReport, SharingOperations } from '@anarq/kernel'
import { packItems } from '../tar/pack-items.ts'
import { contentOf, lastEvent } from './content.ts'
import { tarType } from './drive.ts'
import { part, query } from './path.ts'
import type { Wire } from './wire.ts'

export function sharingOf(wire: Wire): SharingOperations {
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
    async write(ping, items, { purpose, signal } = {}) {
      const options = { ping: toBase64Url(ping), ...(purpose === undefined ? {} : { purpose }) }
      const answer = await wire.open('POST', '/api/v1/pings/write', {
        pieces: packItems(items, options),
        type: tarType,
        signal,
      })
      return lastEvent<PutReport, never>(answer)
    },
    grants: (direction) => wire.json('GET', `/api/v1/grants${query({ direction })}`),
    revoke: (grant) => wire.json('DELETE', `/api/v1/grants/${part(grant)}`),
  }
}
