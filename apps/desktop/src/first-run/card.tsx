import { IconButton, Mark, Segments } from '@anarq/design'
import { type FormEvent, type ReactNode, useEffect, useId, useRef } from 'react'
import { useSurroundings } from '../shell/context.ts'

export type CardProps = {
  readonly title: string
  readonly text: string
  /** How much of the ring is drawn. */
  readonly progress?: number
  readonly step?: string | undefined
  readonly onBack?: (() => void) | undefined
  readonly onSubmit?: () => void
  readonly isWide?: boolean
  readonly children: ReactNode
}

/** One question at a time, over the wallpaper. Its title is said when it comes, and the first field has the keyboard. */
export function Card({
  title,
  text,
  progress = 1,
  step,
  onBack,
  onSubmit,
  isWide = false,
  children,
}: CardProps): ReactNode {
  const { say, preferences, changePreferences } = useSurroundings()
  const form = useRef<HTMLFormElement>(null)
  const id = useId()
  useEffect(() => {
    const field = form.current?.querySelector<HTMLElement>('input, textarea')
    if (field !== undefined && field !== null) field.focus()
    else form.current?.querySelector<HTMLElement>('h1')?.focus()
  }, [])
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    onSubmit?.()
  }
  return (
    <main className="boot">
      <form
        ref={form}
        className="card first"
        data-wide={isWide ? '' : undefined}
        aria-labelledby={id}
        onSubmit={submit}
        noValidate
      >
        <div className="first-top">
          {onBack !== undefined && <IconButton icon="back" label={say('act.back')} onPress={onBack} />}
          {step !== undefined && <span className="first-step">{step}</span>}
        </div>
        <div className="first-mark">
          <Mark size={60} progress={progress} />
        </div>
        <h1 id={id} tabIndex={-1} className="first-title">
          {title}
        </h1>
        <p className="first-text">{text}</p>
        <div className="first-body">{children}</div>
      </form>
      <footer className="first-foot">
        <Segments
          label="Language, idioma"
          value={preferences.locale}
          options={[
            { value: 'en', label: 'English' },
            { value: 'es', label: 'Español' },
          ]}
          onChange={(locale) => changePreferences({ locale })}
        />
      </footer>
    </main>
  )
}
