/** The way of one package, from a file to an installed app, as a pure state machine. Nothing here knows of a screen. */
import type { AppPlan } from '@anarq/sdk'

export type Flow =
  | { readonly at: 'idle' }
  | {
      readonly at: 'sending'
      readonly name: string
      /** From 0 to 1. */
      readonly part: number
    }
  | { readonly at: 'inspecting'; readonly name: string }
  | {
      readonly at: 'refused'
      readonly name: string
      readonly source: Source | undefined
      readonly code: string
      readonly problem: string
      readonly isFeed?: boolean
    }
  | Review

export type Review = {
  readonly at: 'review'
  readonly source: Source
  readonly plan: AppPlan
  readonly granted: ReadonlySet<string>
  /** What the person typed as the publisher's name. */
  readonly trust: string
  readonly isInstalling: boolean
  readonly problem: string | undefined
}

export type Source = {
  readonly path: string
  /** Put there by this screen, and taken away by it. */
  readonly isIncoming: boolean
  readonly isDevelopment: boolean
  /** The publisher of the feed that names it. */
  readonly feed?: string
}

export type FlowAct =
  | { readonly do: 'send'; readonly name: string; readonly part?: number }
  | { readonly do: 'inspect'; readonly name: string }
  | { readonly do: 'show'; readonly source: Source; readonly plan: AppPlan }
  | {
      readonly do: 'refuse'
      readonly name: string
      readonly source?: Source
      readonly code: string
      readonly problem: string
      readonly isFeed?: boolean
    }
  | { readonly do: 'allow'; readonly permission: string; readonly isAllowed: boolean }
  | { readonly do: 'allow-all' }
  | { readonly do: 'type'; readonly trust: string }
  | { readonly do: 'install' }
  | { readonly do: 'fail'; readonly problem: string }
  | { readonly do: 'end' }

export const idle: Flow = { at: 'idle' }

export function nextFlow(flow: Flow, act: FlowAct): Flow {
  switch (act.do) {
    case 'send':
      return { at: 'sending', name: act.name, part: act.part ?? 0 }
    case 'inspect':
      return { at: 'inspecting', name: act.name }
    case 'show': {
      const { source, plan } = act
      const granted = new Set(plan.app.permissions.filter((one) => one.isGranted).map(({ id }) => id))
      return { at: 'review', source, plan, granted, trust: '', isInstalling: false, problem: undefined }
    }
    case 'refuse': {
      const { name, source, code, problem, isFeed = false } = act
      return { at: 'refused', name, source, code, problem, isFeed }
    }
    case 'end':
      return idle
    default:
      return flow.at === 'review' ? nextReview(flow, act) : flow
  }
}

type ReviewAct = Extract<FlowAct, { do: 'allow' | 'allow-all' | 'type' | 'install' | 'fail' }>

function nextReview(review: Review, act: ReviewAct): Review {
  if (act.do === 'fail') return { ...review, isInstalling: false, problem: act.problem }
  // What is being installed is what was shown.
  if (review.isInstalling) return review
  switch (act.do) {
    case 'allow': {
      if (!review.plan.app.permissions.some(({ id }) => id === act.permission)) return review
      const granted = new Set(review.granted)
      if (act.isAllowed) granted.add(act.permission)
      else granted.delete(act.permission)
      return { ...review, granted }
    }
    case 'allow-all':
      return { ...review, granted: new Set(review.plan.app.permissions.map(({ id }) => id)) }
    case 'type':
      return { ...review, trust: act.trust }
    case 'install':
      return mayInstall(review) ? { ...review, isInstalling: true, problem: undefined } : review
    default:
      return act satisfies never
  }
}

/** A component needs its publisher's name, letter by letter; one that nobody signed has none to give. */
export function mayInstall({ plan, trust, isInstalling }: Review): boolean {
  if (isInstalling) return false
  return !plan.needsTrust || (plan.app.publisher !== undefined && trust.trim() === plan.app.publisher.name)
}

/** What an update asks for anew, and what it had before; of a first install, everything is new. */
export function permissionsOf({ plan }: Review): {
  readonly asked: AppPlan['app']['permissions']
  readonly before: AppPlan['app']['permissions']
} {
  const asks = new Set(plan.asks)
  const isNew = ({ id }: { readonly id: string }): boolean => plan.kind === 'install' || asks.has(id)
  return {
    asked: plan.app.permissions.filter(isNew),
    before: plan.app.permissions.filter((one) => !isNew(one)),
  }
}

/** A name that is safe as a part of a path, whatever the file was called. */
export function incomingPath(fileName: string): string {
  const plain = fileName
    .slice(-200)
    .normalize('NFKC')
    .replace(/\.wxa$/i, '')
    .replace(/[^\p{L}\p{N} _-]+/gu, '-')
    .replace(/^[\s.-]+|[\s.-]+$/g, '')
  return `app:/incoming/${[...plain].slice(0, 60).join('') || 'app'}.wxa`
}
