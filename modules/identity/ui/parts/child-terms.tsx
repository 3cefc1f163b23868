import { Segments, TextField } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { hoursIn } from '../logic/child-form.ts'

const sharings = ['deny', 'ask', 'allow'] as const
type Sharing = (typeof sharings)[number]

export type TermsState = {
  readonly sharing: Sharing
  readonly typed: string
  readonly isWrong: boolean
  /** For the node; the hours are those of this browser's clock. */
  read(): {
    sharing: Sharing
    hours: ReturnType<typeof hoursIn>
    utcOffsetMinutes?: number
  }
  setSharing(sharing: Sharing): void
  setTyped(typed: string): void
}

export function useTerms(sharing: Sharing = 'ask', hours = ''): TermsState {
  const [chosen, setSharing] = useState<Sharing>(sharing)
  const [typed, setTyped] = useState(hours)
  const read = hoursIn(typed)
  return {
    sharing: chosen,
    typed,
    isWrong: read === undefined,
    read: () => ({
      sharing: chosen,
      hours: read,
      ...(read == null ? {} : { utcOffsetMinutes: -new Date().getTimezoneOffset() }),
    }),
    setSharing,
    setTyped,
  }
}

/** The limits that the screen sets; all others stay as they are. */
export function Terms({
  terms,
  isTried,
}: {
  readonly terms: TermsState
  readonly isTried: boolean
}): ReactNode {
  const { say } = useSurroundings()
  return (
    <>
      <div>
        <p className="aq-label">{say('limit.sharing')}</p>
        <Segments
          label={say('limit.sharing')}
          value={terms.sharing}
          onChange={terms.setSharing}
          options={sharings.map((value) => ({ value, label: say(`sharing.short.${value}`) }))}
        />
      </div>
      <TextField
        label={say('limit.hours')}
        hint={say('child.hours.hint')}
        value={terms.typed}
        onChange={terms.setTyped}
        autoComplete="off"
        error={isTried && terms.isWrong ? say('child.hours.wrong') : undefined}
      />
    </>
  )
}
