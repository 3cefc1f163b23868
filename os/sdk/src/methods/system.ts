import type { SystemSdk } from '../face.ts'
import type { MethodsOf } from '../method.ts'
import { fields } from '../shape.ts'

export const system: MethodsOf<SystemSdk> = {
  status: {
    summary: 'State and version of this node',
    isChange: false,
    permission: () => 'system.read',
    params: fields({}),
    run: ({ operations: { account } }) => account.status(),
  },
  doctor: {
    summary: 'What could be better about this node',
    isChange: false,
    permission: () => 'system.read',
    params: fields({}),
    run: ({ operations: { health } }) => health.doctor(),
  },
}
