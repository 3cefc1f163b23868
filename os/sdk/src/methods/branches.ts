import type { NetworkSdk } from '../face.ts'
import type { MethodContext, MethodsOf } from '../method.ts'
import type { NetworkOperations } from '../network-operations.ts'
import { fields, flag, int, list, optional, text } from '../shape.ts'

type BranchMethods =
  | 'admitToBranch'
  | 'branch'
  | 'branches'
  | 'createBranch'
  | 'expelFromBranch'
  | 'inviteToBranch'
  | 'joinBranch'
  | 'keepInBranch'
  | 'leaveBranch'
  | 'proveBranch'

const branch = text({ min: 1, max: 128 })
const node = text({ min: 6, max: 64 })
const folder = text({ min: 1, max: 4096 })
const did = text({ min: 1, max: 2048 })

/** Branches, over the network of the node that is asked. */
export function branchMethods(
  on: (context: MethodContext) => NetworkOperations,
): Pick<MethodsOf<NetworkSdk>, BranchMethods> {
  return {
    branches: {
      summary: 'The branches that the identity in use belongs to, or asks to',
      isChange: false,
      permission: () => 'network.read',
      params: fields({}),
      run: (context) => on(context).branches.list(),
    },
    branch: {
      summary: 'One branch: its charter, its members, its folders',
      isChange: false,
      permission: () => 'network.read',
      params: fields({ branch }),
      run: (context, asked) => on(context).branches.show(asked.branch),
    },
    createBranch: {
      summary: "Found a branch: an organisation's own network inside the network",
      isChange: true,
      permission: () => 'network.manage',
      params: fields({
        name: text({ min: 1, max: 64 }),
        admins: optional(list(did, 16)),
        threshold: optional(int({ min: 1, max: 16 })),
        stays: optional(flag),
        sharesOutside: optional(flag),
        networks: optional(list(text({ min: 1, max: 64 }), 16)),
      }),
      run: (context, wish) => on(context).branches.create(wish),
    },
    inviteToBranch: {
      summary: 'One line for whoever is to come into a branch',
      isChange: false,
      permission: () => 'network.manage',
      params: fields({ branch }),
      run: (context, asked) => on(context).branches.invite(asked.branch),
    },
    joinBranch: {
      summary: 'Ask to come into a branch, by the line of a member',
      isChange: true,
      permission: () => 'network.manage',
      params: fields({ invitation: text({ min: 1, max: 1000 }) }),
      run: (context, { invitation }) => on(context).branches.join(invitation),
    },
    admitToBranch: {
      summary: 'Let a node into a branch, as one of its admins',
      isChange: true,
      permission: () => 'network.manage',
      params: fields({ branch, node, days: optional(int({ min: 1, max: 3650 })) }),
      run: (context, asked) => on(context).branches.admit(asked.branch, asked.node, { days: asked.days }),
    },
    expelFromBranch: {
      summary: "End a node's membership of a branch, as one of its admins",
      isChange: true,
      permission: () => 'network.manage',
      params: fields({ branch, node }),
      run: (context, asked) => on(context).branches.expel(asked.branch, asked.node),
    },
    keepInBranch: {
      summary: 'Give an empty folder to a branch: what is put there is kept by its members alone',
      isChange: true,
      permission: () => 'network.manage',
      params: fields({ branch, folder }),
      run: (context, asked) => on(context).branches.keep(asked.branch, asked.folder),
    },
    leaveBranch: {
      summary: 'Leave a branch',
      isChange: true,
      permission: () => 'network.manage',
      params: fields({ branch }),
      run: (context, asked) => on(context).branches.leave(asked.branch),
    },
    proveBranch: {
      summary: 'Signatures of who holds what lies in a folder of a branch',
      isChange: false,
      permission: () => 'network.manage',
      params: fields({ folder }),
      run: (context, asked) => on(context).branches.prove(asked.folder),
    },
  }
}
