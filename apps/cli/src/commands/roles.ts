import type { OperatorRoleFacts, RolesFacts } from '@anarq/sdk'
import { table, when } from '../terminal.ts'

/** Who is what in this period, in lines. */
export function describeRoles(facts: RolesFacts): string {
  const { operators, measuring, fitness } = facts
  const parts = fitness.parts.flatMap(({ of, points }) => (points === undefined ? [] : [`${of} ${points}`]))
  return [
    ...describeTerm(facts),
    '',
    operators.length === 0
      ? 'Nobody offers to be an Operator. To be one: anarq up --net tcp://0.0.0.0:4610 --role operator --guarantee 99'
      : table([['operator', 'guarantees', 'was there', '', '', 'fitness'], ...operators.map(rowOf)]),
    ...(measuring.length === 0 ? [] : [`This node measures ${measuring.length} of them now.`]),
    '',
    `How fit this node is, as far as it knows: ${fitness.rate} of 100 (${parts.join(', ')})`,
  ].join('\n')
}

function describeTerm({ period, term }: RolesFacts): string[] {
  const until = `Period ${period.number}, until ${when(period.endsMs)}`
  if (term === undefined)
    return [
      `${until}: nobody is drawn. The relays of the network have not agreed on this period, or there are none.`,
    ]
  const { masters, isSelf, drawnFrom, seed, votes, votesNeeded, trust } = term
  return [
    `${until}: ${masters.length} MasterNodes, drawn from ${drawnFrom} relays${isSelf ? '; this node is one' : ''}`,
    `Seed ${seed}, under ${votes} checked signatures of at least ${votesNeeded} needed${
      trust === 'agreed' ? '' : '; taken on trust, this node did not see it come about'
    }`,
    table(masters.map((id, n) => [`  ${n + 1}`, id.slice(0, 16)])),
  ]
}

const states = { held: '', lost: 'lost its role', new: 'new' } as const

function rowOf({ id, isSelf, state, guarantee, uptime, measured, fitness }: OperatorRoleFacts): string[] {
  return [
    `${id.slice(0, 16)}${isSelf ? ' (this node)' : ''}`,
    `${guarantee} %`,
    uptime === undefined ? 'not measured yet' : `${uptime.toFixed(2)} %`,
    measured === 0 ? '' : `${measured} periods`,
    states[state],
    String(fitness),
  ]
}
