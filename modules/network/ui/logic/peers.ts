import type { Peer } from '../context.ts'

/** Whom we are linked to first, nearest first; then who answered; mere claims last. */
export function inOrder(peers: readonly Peer[]): readonly Peer[] {
  return peers.toSorted(
    (a, b) =>
      rankOf(a) - rankOf(b) ||
      (a.latencyMs ?? Number.POSITIVE_INFINITY) - (b.latencyMs ?? Number.POSITIVE_INFINITY) ||
      a.id.localeCompare(b.id),
  )
}

function rankOf({ isLinked, standing }: Peer): number {
  return isLinked ? 0 : { own: 1, verified: 1, answered: 2, claimed: 3 }[standing]
}

/** The first letters of an id are enough to tell nodes apart by eye. */
export function shortId(id: string): string {
  return id.slice(0, 12)
}

/** An invitation as it was pasted: with spaces, line ends, or a sentence around it. */
export function invitationIn(text: string): string | undefined {
  return /anarq:[A-Za-z0-9_-]+/.exec(text.replace(/\s+/g, ' '))?.[0]
}
