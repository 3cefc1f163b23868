import { count, described, fields, listOf, oneOf, ref, type Schema, text, time } from './parts.ts'

const limits: Readonly<Record<string, Schema>> = {
  age: described({ type: 'integer', minimum: 0, maximum: 99 }, 'Content for an older age is blocked.'),
  modules: described(listOf(text), 'The modules that may be used; absent is any.'),
  contacts: described(listOf(text), 'DIDs of whom the child may meet; absent is anybody.'),
  hours: described(listOf(ref('ChildHours')), 'When the child may act; absent is always.'),
  utcOffsetMinutes: {
    type: 'integer',
    minimum: -840,
    maximum: 840,
    description: "Minutes that the child's clock is ahead of UTC.",
  },
  spendMax: described(count, 'The largest payment, in the smallest unit of account.'),
  sharing: described(oneOf('allow', 'ask', 'deny'), '"ask": the guardian is asked first.'),
}

const minute: Schema = { type: 'integer', minimum: 0, maximum: 1440 }
const carried = {
  invitation: described(text, "For the child's device, which takes it in with `join`; sealed to it."),
  guardianShare: described(text, 'For the second guardian. In the clear where none was named.'),
}

/** What guardians and children send and get; `identity` are the fields that every identity has. */
export function childSchemas(identity: Readonly<Record<string, Schema>>): Readonly<Record<string, Schema>> {
  return {
    ChildHours: fields({
      days: described(listOf({ type: 'integer', minimum: 0, maximum: 6 }), '0 is Sunday.'),
      fromMinute: minute,
      toMinute: described(minute, 'Not inside any more.'),
    }),
    ChildLimits: fields(named(limits, (name) => name !== 'age' && name !== 'sharing')),
    LimitsChange: fields(
      named(Object.fromEntries(Object.entries(limits).map(([name, one]) => [name, orNull(one)])), () => true),
      { description: 'What is set anew; null takes a limit away.' },
    ),
    ChildFacts: fields({
      side: described(oneOf('guardian', 'child'), 'Whose home this is.'),
      stage: oneOf('minor', 'adult'),
      guardian: text,
      majorityMs: time,
      delegatedUntilMs: described(time, "Until when the child's device acts without another renewal."),
      limits: ref('ChildLimits'),
    }),
    MadeChild: fields({ ...identity, ...carried }),
    RenewedChild: fields({
      ...identity,
      delegation: described(text, "For the child's device, which takes it in with `join`."),
    }),
  }
}

function named(
  schemas: Readonly<Record<string, Schema>>,
  isOptional: (name: string) => boolean,
): Readonly<Record<string, Schema>> {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [isOptional(name) ? `${name}?` : name, schema]),
  )
}

function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] }
}
