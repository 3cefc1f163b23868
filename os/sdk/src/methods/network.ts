import { Fault } from '@anarq/fault'
import type { NetworkSdk } from '../face.ts'
import type { MethodContext, MethodsOf } from '../method.ts'
import type { NetworkOperations } from '../network-operations.ts'
import { fields, int, list, oneOf, optional, text } from '../shape.ts'
import { branchMethods } from './branches.ts'

/** An invitation is at most 400 letters; what is longer is told so by who reads it. */
const invitationLettersMax = 1000
const refLettersMax = 4096
const giveBytesMin = 1024 ** 3
/** At most so many bytes too; what is more is told so by who writes it. */
const registerLettersMax = 16_000

export const network: MethodsOf<NetworkSdk> = {
  status: {
    summary: 'Whether this node is on a network, and how well',
    isChange: false,
    permission: () => 'network.read',
    params: fields({}),
    run: async ({ nodes }) => nodes()?.status() ?? { state: 'off' },
  },
  way: {
    summary: 'How this node meets others',
    isChange: false,
    permission: () => 'network.read',
    params: fields({}),
    run: async ({ ways }) => ways().get(),
  },
  setWay: {
    summary: 'Choose how this node meets others, and what it gives them',
    isChange: true,
    permission: () => 'network.manage',
    params: fields({
      way: oneOf('off', 'out', 'listen'),
      port: optional(int({ min: 1, max: 65_535 })),
      giveBytes: optional(int({ min: 0, max: Number.MAX_SAFE_INTEGER })),
    }),
    run: ({ ways }, { way, port, giveBytes }) => {
      if (giveBytes !== undefined && giveBytes > 0 && giveBytes < giveBytesMin)
        throw new Fault(
          'invalid.give',
          'Others get a gibibyte at least, or nothing: with less, hardly anything of theirs fits.',
        )
      const known = ways().get()
      return ways().set({ way, port: port ?? known.port, ...(giveBytes === undefined ? {} : { giveBytes }) })
    },
  },
  peers: {
    summary: 'The nodes that this one knows',
    isChange: false,
    permission: () => 'network.read',
    params: fields({}),
    run: async (context) => onNetwork(context).peers(),
  },
  people: {
    summary: 'With whom the identity in use shares, and whether their nodes answer now',
    isChange: false,
    permission: () => 'network.read',
    params: fields({}),
    run: ({ operations: { sharing } }) => sharing.people(),
  },
  circuits: {
    summary: 'The circuits of this node, their hops, and how they are chosen',
    isChange: false,
    permission: () => 'network.read',
    params: fields({}),
    run: async (context) => onNetwork(context).circuits(),
  },
  roles: {
    summary: 'Who is what in this period, and how much Operators were there',
    isChange: false,
    permission: () => 'network.read',
    params: fields({}),
    run: async (context) => onNetwork(context).roles(),
  },
  invite: {
    summary: 'One line that leads another node here',
    isChange: false,
    permission: () => 'network.manage',
    params: fields({}),
    run: async (context) => onNetwork(context).invite(),
  },
  join: {
    summary: 'Meet the network of whoever gave this invitation',
    isChange: true,
    permission: () => 'network.manage',
    params: fields({ invitation: text({ min: 1, max: invitationLettersMax }) }),
    run: (context, { invitation }, signal) => onNetwork(context).join(invitation, signal),
  },
  neighbourhood: {
    summary: 'The nodes that keep copies with this one',
    isChange: false,
    permission: () => 'network.read',
    params: fields({}),
    run: async (context) => onNetwork(context).neighbourhood(),
  },
  registers: {
    summary: 'The registers that this identity may write to',
    isChange: false,
    permission: () => 'registers.read',
    params: fields({}),
    run: (context) => onNetwork(context).registers(),
  },
  register: {
    summary: 'A register as those who keep it show it, with its history',
    isChange: false,
    permission: () => 'registers.read',
    params: fields({ ref: text({ min: 1, max: refLettersMax }) }),
    run: (context, { ref }) => onNetwork(context).register(ref),
  },
  setRegister: {
    summary: 'Change a register of this identity, or make one',
    isChange: true,
    permission: () => 'registers.manage',
    params: fields({
      ref: text({ min: 1, max: refLettersMax }),
      value: text({ max: registerLettersMax }),
      class: optional(oneOf('private', 'protected', 'public')),
      writers: optional(list(text({ min: 1, max: 100 }), 16)),
    }),
    run: (context, change) => onNetwork(context).setRegister(change),
  },
  proveRegister: {
    summary: 'The proof of a register, which anybody checks without asking anybody',
    isChange: false,
    permission: () => 'registers.read',
    params: fields({ ref: text({ min: 1, max: refLettersMax }) }),
    run: (context, { ref }) => onNetwork(context).proveRegister(ref),
  },
  kept: {
    summary: 'How well others keep what is here',
    isChange: false,
    permission: () => 'network.read',
    params: fields({}),
    run: ({ operations: { keeping } }) => keeping.kept(),
  },
  keptEntry: {
    summary: 'How well others keep one file, or all in a folder',
    isChange: false,
    permission: () => 'network.read',
    params: fields({ ref: text({ min: 1, max: refLettersMax }) }),
    run: ({ operations: { keeping } }, { ref }) => keeping.keptOf(ref),
  },
  bringBack: {
    summary: 'Bring this home back from other nodes',
    isChange: true,
    permission: () => 'network.manage',
    params: fields({ invitation: optional(text({ min: 1, max: invitationLettersMax })) }),
    run: ({ operations: { keeping } }, { invitation }, signal) => keeping.bringBack({ invitation, signal }),
  },
  ...branchMethods(onNetwork),
}

function onNetwork({ nodes }: MethodContext): NetworkOperations {
  const operations = nodes()
  if (operations !== undefined) return operations
  throw new Fault(
    'unavailable.network',
    'This node is on no network. Choose in Network on its desktop how it meets others, or with: anarq net way out (or listen).',
  )
}
