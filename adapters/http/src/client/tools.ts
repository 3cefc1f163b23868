import type { ToolOperations } from '@anarq/kernel'
import { part } from './path.ts'
import type { Wire } from './wire.ts'

export function toolsOf(wire: Wire): ToolOperations {
  const tools = '/api/v1/tools'
  return {
    create: (body) => wire.json('POST', tools, { body }),
    list: () => wire.json('GET', tools),
    revoke: (id) => wire.json('DELETE', `${tools}/${part(id)}`),
  }
}
