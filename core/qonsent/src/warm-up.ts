import type { Policies } from './policies.ts'
import { questionOf } from './policy-question.ts'
import { createRulebook } from './rulebook.ts'

/**
 * Asks an engine one question under the default rules and forgets the answer. An engine that compiles when it is first
 * used does so now: for a moment in which this thread has nothing else to do.
 */
export function warmUp(policies: Policies): void {
  createRulebook(policies, {})
  const request = {
    subject: 'did:squid:nobody',
    owner: 'did:squid:nobody',
    action: '/qnt/read',
    object: '00',
    direction: 'in',
  } as const
  const states = new Map([[request.subject, { status: 'active', kind: 'root' } as const]])
  policies.isAllowed({
    sets: ['ecosystem', 'in'],
    ...questionOf({ request, states, atMs: 0, isDelegated: false }),
  })
}
