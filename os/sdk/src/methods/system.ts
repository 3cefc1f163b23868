import type { SystemSdk } from '../face.ts'
import type { MethodsOf } from '../method.ts'
import { fields, int, optional } from '../shape.ts'

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
  storage: {
    summary: 'How much there is, of what, and how much room is left',
    isChange: false,
    permission: () => 'system.read',
    params: fields({}),
    run: ({ operations: { health } }) => health.storage(),
  },
  setQuota: {
    summary: 'How large the store may grow',
    isChange: true,
    permission: () => 'system.manage',
    params: fields({ bytes: optional(int({ min: 1 })) }),
    run: ({ operations: { health } }, input) => health.setQuota(input),
  },
  tidy: {
    summary: 'Free the room of what is in no version any more',
    isChange: true,
    permission: () => 'system.manage',
    params: fields({}),
    run: ({ operations: { health } }, _input, signal) => health.compact(signal),
  },
  network: {
    summary: 'Where this node is reached',
    isChange: false,
    permission: () => 'system.read',
    params: fields({}),
    run: async ({ network }) => network(),
  },
}
