import { fromUtf8, once } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import type { EntryFacts } from '@anarq/kernel'
import type { GuardianSdk } from '../face.ts'
import type { MethodContext, MethodsOf } from '../method.ts'
import { placeOf } from '../places.ts'
import { fields, int, optional, text } from '../shape.ts'

const reads = () => 'guardian.read' as const
const manages = () => 'guardian.manage' as const

export const guardian: MethodsOf<GuardianSdk> = {
  alerts: {
    summary: 'What the guardian found to be wrong, newest first',
    isChange: false,
    permission: reads,
    params: fields({}),
    run: ({ operations: { audit } }) => audit.alerts(),
  },
  flows: {
    summary: 'The flows of now and of a moment ago, stage by stage',
    isChange: false,
    permission: reads,
    params: fields({}),
    run: ({ operations: { audit } }) => audit.flows(),
  },
  risks: {
    summary: 'How much stands against whom',
    isChange: false,
    permission: reads,
    params: fields({}),
    run: ({ operations: { audit } }) => audit.risks(),
  },
  decoys: {
    summary: 'Files that nobody has a reason to open',
    isChange: false,
    permission: reads,
    params: fields({}),
    run: ({ operations: { audit } }) => audit.decoys(),
  },
  layDecoy: {
    summary: 'Lay a decoy: whoever opens it raises an alert',
    isChange: true,
    permission: manages,
    params: fields({ path: text(), text: text({ min: 1, max: 10_000 }) }),
    run: layDecoy,
  },
  removeDecoy: {
    summary: 'Take a decoy away for good',
    isChange: true,
    permission: manages,
    params: fields({ id: text({ min: 32, max: 32, pattern: /^[0-9a-f]{32}$/ }) }),
    async run({ operations: { audit, drive } }, { id }) {
      const isDecoy = (await audit.decoys()).some((one) => one.id === id)
      if (!isDecoy) throw new Fault('refused.decoy', 'That is no decoy, so it is not taken away here.')
      return drive.remove(id, { isForever: true })
    },
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

/** Never over a file that is there: that one would be opened by whoever owns it. */
async function layDecoy(
  { operations: { drive }, caller, clock }: MethodContext,
  { path, text: content }: { path: string; text: string },
): Promise<EntryFacts> {
  const place = placeOf(path, caller)
  const there = await drive.entry(place).catch((error: unknown) => {
    if (hasCode(error, 'missing')) return undefined
    throw error
  })
  if (there !== undefined)
    throw new Fault('conflict.name', 'Something of that name is there already. Give the decoy another name.')
  const slash = place.lastIndexOf('/')
  const bytes = fromUtf8(content)
  const file = {
    kind: 'file' as const,
    path: place.slice(slash + 1),
    bytes: bytes.length,
    modifiedMs: clock.nowMs(),
    content: { kind: 'small' as const, readAll: () => bytes },
  }
  const report = await drive.put(once([file]), { to: place.slice(0, slash) || '/', isDecoy: true })
  const [skipped] = report.skipped
  if (skipped !== undefined) throw new Fault(skipped.code, skipped.sentence)
  return drive.entry(place)
}
