import { defaultTexts, type PolicyAnswer, type PolicyRequest, type PolicySetName } from '@anarq/qonsent'

const permits = { ecosystem: 'ecosystem.base', in: 'in.owner', out: 'out.owner' } as const

/** Whether a set is what every node starts with, and nobody added a rule. */
export function isOurs(set: PolicySetName, texts: readonly string[]): boolean {
  return texts.length === 1 && texts[0] === defaultTexts[set]
}

/**
 * What our own texts answer to somebody who is in good standing, no child, and asks about what is their own: most of what is ever
 * asked, and all of what a command does, in which loading and compiling Cedar took a third of the time. Undefined for whatever
 * is not just that: then Cedar answers. A property test holds the two against each other.
 */
export function answerAboutOwnThings({
  sets,
  subject,
  object,
  context,
}: PolicyRequest): PolicyAnswer | undefined {
  const isPlain =
    subject.did === object.owner &&
    subject.attributes.status === 'active' &&
    context.delegated === false &&
    context.child === undefined &&
    context.ownerChild === undefined
  if (!isPlain) return undefined
  return { verdict: 'allow', reasons: sets.map((set) => ({ set, id: permits[set] })), silent: [], errors: [] }
}
