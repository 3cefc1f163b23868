import type { GuardianSdk } from '../face.ts'
import type { MethodsOf } from '../method.ts'
import { fields, int, optional, text } from '../shape.ts'

const reads = () => 'guardian.read' as const

export const guardian: MethodsOf<GuardianSdk> = {
  alerts: {
    summary: 'What the guardian found to be wrong, newest first',
    isChange: false,
    permission: reads,
    params: fields({}),
    run: ({ operations: { audit } }) => audit.alerts(),
  },
  entries: {
    summary: 'What happened, newest first',
    isChange: false,
    permission: reads,
    params: fields({
      limit: optional(int({ min: 1, max: 10_000 })),
      object: optional(text({ max: 64 })),
      action: optional(text({ max: 100 })),
    }),
    run({ operations: { audit } }, { limit = 100, object, action }) {
      const query = {
        limit,
        ...(object === undefined ? {} : { object }),
        ...(action === undefined ? {} : { action }),
      }
      return audit.tail(query)
    },
  },
  prove: {
    summary: 'A proof of one entry that anybody can check',
    isChange: false,
    permission: reads,
    params: fields({ index: int() }),
    run: ({ operations: { audit } }, input) => audit.prove(input.index),
  },
  verify: {
    summary: 'Whether the log is whole',
    isChange: false,
    permission: reads,
    params: fields({}),
    run: ({ operations: { audit } }) => audit.verify(),
  },
}
