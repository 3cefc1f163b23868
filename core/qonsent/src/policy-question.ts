import type { Did } from './command.ts'
import type { ChildLimits, IdentityState } from './identities.ts'
import type { PolicyRequest, PolicyValue } from './policies.ts'
import type { AccessRequest } from './request.ts'

export type Known = {
  readonly request: AccessRequest
  readonly states: ReadonlyMap<Did, IdentityState>
  readonly atMs: number
  readonly isDelegated: boolean
}

/** The request and what is known, in the names that policies use; `policySchema` lists them. */
export function questionOf({ request, states, atMs, isDelegated }: Known): Omit<PolicyRequest, 'sets'> {
  const { subject, owner, action, object, about = {}, direction, recipient } = request
  const { folders = [], tags = [], class: objectClass, type, ageFrom, terms } = about
  const state = states.get(subject)
  const counterparty = recipient ?? (owner === subject ? undefined : owner)
  const child = state?.child
  const ownerChild = states.get(owner)?.child
  const { purpose, channel, place, module, fields, price, mask } = request
  return {
    subject: {
      did: subject,
      attributes: { status: state?.status ?? 'unknown', kind: state?.kind ?? 'unknown' },
    },
    action,
    object: {
      id: object,
      owner,
      folders,
      attributes: present({ tags, class: objectClass, type, ageFrom, terms: terms && present(terms) }),
    },
    context: present({
      delegated: isDelegated,
      direction,
      asker: subject,
      nowMs: atMs,
      counterparty,
      purpose,
      channel,
      place,
      module,
      recipient,
      fields,
      price,
      mask,
      child: child && valuesOfChild(child),
      ownerChild: ownerChild && valuesOfChild(ownerChild),
    }),
  }
}

function valuesOfChild({ mayAct, mayShare, age, modules, contacts, spendLeft }: ChildLimits): PolicyValue {
  return present({ mayAct, mayShare, age, modules, contacts, spendLeft })
}

/** Policies ask `has`; there is no null. */
function present(
  values: Readonly<Record<string, PolicyValue | undefined>>,
): Readonly<Record<string, PolicyValue>> {
  const kept: Record<string, PolicyValue> = {}
  for (const [name, value] of Object.entries(values)) if (value !== undefined) kept[name] = value
  return kept
}
