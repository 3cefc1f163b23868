import type { PolicyAnswer, PolicyRequest } from '@anarq/qonsent'

/**
 * Answers of the last questions, for those who ask about one thing of a folder after the other: within one moment such questions
 * differ in nothing but which object they are about, and a call into Cedar takes a hundred times as long as looking here.
 */
export type Answers = {
  of(request: PolicyRequest, ask: () => PolicyAnswer): PolicyAnswer
  forget(): void
}

const answersMax = 256

export function createAnswers(): Answers {
  const known = new Map<string, PolicyAnswer>()
  return {
    of(request, ask) {
      const key = JSON.stringify({ ...request, object: { ...request.object, id: '' } })
      const before = known.get(key)
      if (before !== undefined) return before
      const answer = ask()
      if (answer.errors.length > 0) return answer
      known.set(key, answer)
      if (known.size > answersMax) known.delete(known.keys().next().value as string)
      return answer
    },
    forget: () => known.clear(),
  }
}

/** Whether a rule could ask which object it is: by its name, however it is spelled. Asking whether it is one does not count. */
export function mayNameObjects(text: string): boolean {
  return /\bObject\b|\\/.test(text.replaceAll(/\bis\s+Object\b/g, ''))
}
