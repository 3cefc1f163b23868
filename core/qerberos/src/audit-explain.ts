import type { AuditFinding } from './audit-verify.ts'

/** What lies at one place of the log: the number under which it opens, or why it opens under none. */
export type Sighting = number | 'foreign' | 'unreadable' | 'missing'

/**
 * Compares the places of a log with the numbers that the entries were sealed under, from the first on. What was taken
 * out or put in shifts what is expected afterwards, so that one removed entry is one finding and not a thousand.
 */
export function explain(
  sightings: readonly Sighting[],
  { size, signedSize }: { size: number; signedSize: number },
): AuditFinding[] {
  const total = Math.max(size, signedSize)
  const isSeen = new Uint8Array(total)
  for (const sighting of sightings) {
    if (typeof sighting === 'number' && sighting < total) isSeen[sighting] = 1
  }
  const isUsed = new Uint8Array(total)
  const isTold = new Uint8Array(total)
  const findings: AuditFinding[] = []
  const tell = (finding: AuditFinding, index: number): void => {
    findings.push(finding)
    isTold[index] = 1
  }
  let expected = 0
  for (const [place, sighting] of sightings.entries()) {
    if (typeof sighting !== 'number' || sighting >= total) {
      if (expected >= total || isSeen[expected] === 1) {
        findings.push(forged(place))
        continue
      }
      tell(broken(sighting, expected, signedSize), expected)
      expected += 1
    } else if (isUsed[sighting] === 1) {
      findings.push(repeated(place, sighting))
    } else {
      isUsed[sighting] = 1
      if (isGap(isSeen, expected, sighting)) {
        for (; expected < sighting; expected += 1) tell(removed(expected), expected)
      }
      if (sighting !== expected) findings.push(reordered(place, sighting))
      expected += 1
    }
  }
  for (let index = 0; index < signedSize; index += 1) {
    if (isSeen[index] !== 1 && isTold[index] !== 1) findings.push(removed(index))
  }
  return findings
}

/** True when nothing of `[from, to)` lies anywhere in the log. */
function isGap(isSeen: Uint8Array, from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) if (isSeen[index] === 1) return false
  return from < to
}

function broken(sighting: Sighting, index: number, signedSize: number): AuditFinding {
  if (sighting === 'missing') return removed(index)
  if (sighting === 'unreadable') {
    return { kind: 'damaged', index, sentence: `Entry ${index} cannot be read: its bytes are damaged.` }
  }
  if (index >= signedSize) return forged(index)
  return {
    kind: 'changed',
    index,
    sentence: `Entry ${index} was changed: it does not open as what was sealed.`,
  }
}

function removed(index: number): AuditFinding {
  return { kind: 'removed', index, sentence: `Entry ${index} was removed.` }
}

function forged(index: number): AuditFinding {
  return { kind: 'forged', index, sentence: `What lies in place ${index} was never sealed by this log.` }
}

function reordered(place: number, number: number): AuditFinding {
  return { kind: 'reordered', index: place, sentence: `Entry ${number} was moved to place ${place}.` }
}

function repeated(place: number, number: number): AuditFinding {
  return { kind: 'forged', index: place, sentence: `Entry ${number} lies in place ${place} once more.` }
}
