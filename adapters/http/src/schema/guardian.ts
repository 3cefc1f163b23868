import { count, described, fields, listOf, oneOf, type Schema, text, time } from './parts.ts'

export const guardianSchemas: Readonly<Record<string, Schema>> = {
  Flow: fields({
    id: text,
    kind: oneOf('in', 'out', 'access'),
    identity: text,
    'object?': text,
    path: described(listOf(text), 'The stages that it has to go through, in their order.'),
    stages: listOf(fields({ stage: text, atMs: time, 'bytes?': count, 'chunks?': count })),
    'ended?': described(
      fields({ verdict: oneOf('ok', 'refused', 'failed'), 'code?': text }),
      'Absent while it runs.',
    ),
  }),
  Risk: fields({
    identity: described(text, 'A DID, or a pseudonym of where something came from.'),
    score: described(count, '0 (nothing known) to 1000; it halves by itself with time.'),
    level: oneOf('low', 'medium', 'high', 'critical'),
    mode: oneOf('normal', 'decoy-only', 'blocked'),
    lastMs: time,
    reasons: listOf(fields({ reason: text, points: count })),
  }),
}
