import { useSurroundings } from '../shell/context.ts'
import { placeOf, type Step, stepCount } from './flow.ts'

/** How far the ring is drawn, and which step that is. */
export function useProgress(step: Step): { progress: number; step: string | undefined } {
  const { say } = useSurroundings()
  const at = placeOf(step)
  if (at === undefined) return { progress: 1, step: undefined }
  return { progress: at / (stepCount + 1), step: say('first.step', { at, of: stepCount }) }
}
