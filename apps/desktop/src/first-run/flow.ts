/** The way in, as a pure state machine: what was typed goes from step to step, and nothing can be skipped that matters. */
export type Step =
  | { readonly at: 'welcome' }
  | { readonly at: 'name'; readonly words?: string }
  | { readonly at: 'passphrase'; readonly name: string; readonly words?: string }
  | { readonly at: 'words'; readonly name: string; readonly words: readonly string[] }
  | {
      readonly at: 'confirm'
      readonly name: string
      readonly words: readonly string[]
      readonly asked: readonly number[]
    }
  | { readonly at: 'recover' }
  /** Its end is outside: a home that is locked. */
  | { readonly at: 'restore' }
  /** A child's own device: its keys, then what its guardian makes of them. */
  | { readonly at: 'enrol' | 'join' }
  | { readonly at: 'passkey'; readonly name: string }
  | { readonly at: 'ready'; readonly name: string }

export type FlowAct =
  | { readonly do: 'begin' | 'recover' | 'restore' | 'enrol' | 'enrolled' | 'back' | 'passed' }
  | { readonly do: 'named' | 'joined'; readonly name: string }
  | { readonly do: 'remembered'; readonly words: string }
  | { readonly do: 'made'; readonly words: readonly string[] }
  /** Where the browser has passkeys, one is offered. */
  | { readonly do: 'confirmed' | 'recovered'; readonly hasPasskeys: boolean }
  /** `random` gives numbers from 0 up to 1. */
  | { readonly do: 'written'; readonly random: () => number }

const order = ['name', 'passphrase', 'words', 'confirm'] as const
export const wordCount = 24

export function nextStep(step: Step, act: FlowAct): Step {
  switch (act.do) {
    case 'begin':
      return step.at === 'welcome' ? { at: 'name' } : step
    case 'recover':
      return step.at === 'welcome' ? { at: 'recover' } : step
    case 'restore':
      return step.at === 'welcome' ? { at: 'restore' } : step
    case 'enrol':
      return step.at === 'welcome' ? { at: 'enrol' } : step
    case 'enrolled':
      return step.at === 'enrol' ? { at: 'join' } : step
    case 'joined':
      return step.at === 'join' ? { at: 'ready', name: act.name } : step
    case 'remembered':
      return step.at === 'recover' ? { at: 'name', words: act.words } : step
    case 'named':
      return step.at === 'name' ? { ...step, at: 'passphrase', name: act.name } : step
    case 'made':
      return step.at === 'passphrase' ? { at: 'words', name: step.name, words: act.words } : step
    case 'recovered':
      return step.at === 'passphrase' ? offered(step.name, act.hasPasskeys) : step
    case 'written':
      return step.at === 'words'
        ? { ...step, at: 'confirm', asked: threeOf(step.words.length, act.random) }
        : step
    case 'confirmed':
      return step.at === 'confirm' ? offered(step.name, act.hasPasskeys) : step
    case 'passed':
      return step.at === 'passkey' ? { at: 'ready', name: step.name } : step
    case 'back':
      return before(step)
    default:
      return act satisfies never
  }
}

/** Which of the four steps it is, for the ring that closes; nothing at the beginning and when bringing back. */
export function placeOf(step: Step): number | undefined {
  const at = order.indexOf(step.at as (typeof order)[number])
  return at < 0 ? undefined : at + 1
}

export const stepCount: number = order.length

export function wordsIn(text: string): string[] {
  return text.toLowerCase().match(/[a-z]+/g) ?? []
}

/** Once an identity is made there is no way back before it. */
function before(step: Step): Step {
  switch (step.at) {
    case 'name':
      return step.words === undefined ? { at: 'welcome' } : { at: 'recover' }
    case 'passphrase':
      return step.words === undefined ? { at: 'name' } : { at: 'name', words: step.words }
    case 'recover':
    case 'restore':
    case 'enrol':
      return { at: 'welcome' }
    case 'confirm':
      return { at: 'words', name: step.name, words: step.words }
    case 'welcome':
    case 'words':
    case 'join':
    case 'passkey':
    case 'ready':
      return step
    default:
      return step satisfies never
  }
}

function offered(name: string, hasPasskeys: boolean): Step {
  return { at: hasPasskeys ? 'passkey' : 'ready', name }
}

function threeOf(count: number, random: () => number): number[] {
  const left = Array.from({ length: count }, (_, index) => index)
  const chosen = Array.from(
    { length: Math.min(3, count) },
    () => left.splice(Math.floor(random() * left.length), 1)[0] as number,
  )
  return chosen.sort((a, b) => a - b)
}
