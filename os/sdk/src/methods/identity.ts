import { Fault } from '@anarq/fault'
import type { IdentitySdk } from '../face.ts'
import type { MethodsOf } from '../method.ts'
import { fields, oneOf, optional, text } from '../shape.ts'

const ref = text({ min: 1, max: 300, about: 'A name or a DID.' })
const name = text({ min: 1, max: 200 })
const manages = () => 'identity.manage' as const
const reads = () => 'identity.read' as const

export const identity: MethodsOf<IdentitySdk> = {
  current: {
    summary: 'The identity in use',
    isChange: false,
    permission: reads,
    params: fields({}),
    async run({ operations: { account } }) {
      const { current } = await account.status()
      if (current === undefined) throw new Fault('refused.locked', 'AnarQ is locked. Unlock it first.')
      return current
    },
  },
  list: {
    summary: 'All identities of this home',
    isChange: false,
    permission: reads,
    params: fields({}),
    run: ({ operations: { identities } }) => identities.list(),
  },
  show: {
    summary: 'One identity, with the card to give to others',
    isChange: false,
    permission: reads,
    params: fields({ ref }),
    run: ({ operations: { identities } }, input) => identities.show(input.ref),
  },
  create: {
    summary: 'Make another identity, which nothing links to the others',
    isChange: true,
    permission: manages,
    params: fields({ kind: oneOf('sub', 'anonymous', 'organisation'), name }),
    run: ({ operations: { identities } }, input) => identities.create(input),
  },
  use: {
    summary: 'Put an identity in use: everything acts for it from now on',
    isChange: true,
    permission: manages,
    params: fields({ ref }),
    run: ({ operations: { identities } }, input) => identities.use(input.ref),
  },
  rotate: {
    summary: 'Give an identity new keys',
    isChange: true,
    permission: manages,
    params: fields({ ref }),
    run: ({ operations: { identities } }, input) => identities.rotate(input.ref),
  },
  revoke: {
    summary: 'Take a device, or the whole identity, out of use for good',
    isChange: true,
    permission: manages,
    params: fields({ ref, device: optional(text({ max: 200 })) }),
    run: ({ operations: { identities } }, input) => identities.revoke(input.ref, input.device),
  },
  drill: {
    summary: 'The recovery drill: whether these words bring this home back',
    isChange: false,
    permission: manages,
    params: fields({ words: text({ max: 1000 }) }),
    run: ({ operations: { identities } }, input) => identities.drill(input.words),
  },
  recovery: {
    summary: 'Whether this home has words, and whether they were ever confirmed',
    isChange: false,
    permission: reads,
    params: fields({}),
    run: ({ operations: { identities } }) => identities.recovery(),
  },
  learn: {
    summary: "Take in somebody's card",
    isChange: true,
    permission: manages,
    params: fields({ card: text({ max: 100_000 }) }),
    run: ({ operations: { identities } }, input) => identities.learn(input.card),
  },
}
