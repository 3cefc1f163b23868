import './tour.css'
import { Button, IconButton, Keys } from '@anarq/design'
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { useShell, useSurroundings } from '../shell/context.ts'
import { keysOf } from '../windows/keys.ts'
import { phoneStops, wideStops } from './stops.ts'

/** Five stops beside the desktop, which goes on working meanwhile. Escape, or the cross, ends it for good. */
export function Tour({ onEnd }: { readonly onEnd: () => void }): ReactNode {
  const { isPhone } = useShell()
  const { say } = useSurroundings()
  const stops = isPhone ? phoneStops : wideStops
  const [at, setAt] = useState(0)
  const stop = stops[at] ?? stops[0]
  const id = useId()
  const card = useRef<HTMLElement>(null)
  useRing(stop?.at)
  // Where the words change, whoever hears them hears them anew.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each stop is said.
  useEffect(() => card.current?.focus(), [at])
  if (stop === undefined) return undefined
  const isLast = at === stops.length - 1
  const step = (by: 1 | -1): void => {
    if (by === 1 && isLast) onEnd()
    else setAt(Math.max(0, at + by))
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    if (event.key === 'Escape') onEnd()
    else if (event.key === 'ArrowRight') step(1)
    else if (event.key === 'ArrowLeft') step(-1)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <section
      ref={card}
      className="tour-card"
      role="dialog"
      aria-labelledby={`${id}t`}
      aria-describedby={`${id}x`}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      <header>
        <span className="tour-count">{say('tour.step', { at: at + 1, of: stops.length })}</span>
        <IconButton size="small" icon="close" label={say('tour.skip')} onPress={onEnd} />
      </header>
      <h2 id={`${id}t`}>{say(stop.title)}</h2>
      <p id={`${id}x`}>
        {stop.text === 'tour.find.text' ? <WithKeys text={say(stop.text)} /> : say(stop.text)}
      </p>
      <footer>
        {at > 0 && (
          <Button look="quiet" onPress={() => step(-1)}>
            {say('act.back')}
          </Button>
        )}
        <Button look="accent" onPress={() => step(1)}>
          {say(isLast ? 'tour.end' : 'tour.next')}
        </Button>
      </footer>
    </section>
  )
}

/** Rings the part of the shell that is spoken of. */
function useRing(selector: string | undefined): void {
  useEffect(() => {
    const part = selector === undefined ? null : document.querySelector(selector)
    part?.setAttribute('data-toured', '')
    return () => part?.removeAttribute('data-toured')
  }, [selector])
}

function WithKeys({ text }: { readonly text: string }): ReactNode {
  const [before, after] = text.split('{keys}')
  return (
    <>
      {before}
      <Keys keys={keysOf.launcher} />
      {after}
    </>
  )
}
